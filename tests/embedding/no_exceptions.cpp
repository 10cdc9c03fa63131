// tests/embedding/no_exceptions.cpp -- a whole product without exceptions and RTTI: load, predict, and every way to handle an error.
// Usage: no_exceptions FOLDER; with a second word it makes that error, and the default handler ends the program.
#include <csetjmp>
#include <cstdio>
#include <string>

#include "product.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "compile with -fno-exceptions -fno-rtti"
#endif

using namespace product;

namespace {

int failures = 0;
void check(bool holds, const char* claim) {
  std::printf("[%s] no exceptions: %s\n", holds ? "passed" : "failed", claim);
  if (!holds) ++failures;
}

std::jmp_buf back;
char last_message[512];
void jump(const char* message) {
  std::snprintf(last_message, sizeof last_message, "%s", message);
  std::longjmp(back, 1);  // NOLINT(cert-err52-cpp): what a host without exceptions may do
}
// Whether code() fails with all of the parts in its message.
template <class Code, class... Parts>
bool fails(const Code& code, const Parts*... parts) {
  last_message[0] = '\0';
  if (setjmp(back) != 0) return (... && (std::string(last_message).find(parts) != std::string::npos));  // NOLINT(cert-err52-cpp)
  code();
  return false;
}

void save(const std::string& path) {
  const parameters<net> trained(7);
  safetensors::writer out;
  add_weights(out, trained);
  out.write(path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".", path = folder + "/product.safetensors";
  save(path);
  parameters<net> weights;
  load_weights(safetensors::open(path), weights);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  net_predictor::workspace own(predict);
  if (argc > 2) {
    float none[1];
    predict.run(own, too_many_objects(), {none});
    return 0;
  }

  const auto b = some_scenes();
  float a[scenes][answers], again[scenes][answers], parallel[scenes][answers];
  predict.run(own, b, {a[0]});
  const parameters<net> trained(7);
  const net_predictor reference(trained, planned(), select_kernels<float>());
  net_predictor::workspace other(reference);
  reference.run(other, b, {again[0]});
  check(std::memcmp(a, again, sizeof a) == 0, "loaded weights predict the bytes of the ones that were saved");
  thread_pool pool(2);
  net_predictor::workspace threads(predict, &pool);
  predict.run(threads, b, {parallel[0]});
  check(std::memcmp(a, parallel, sizeof a) == 0, "two threads predict the same bytes");

  check(set_error_handler(jump) == nullptr, "no handler is set at first");
  static const auto bad = too_many_objects();
  check(fails([&] { predict.run(own, bad, {again[0]}); }, "7 entries of object", "4 were planned"), "the host's handler gets the message and jumps");
  std::memset(again, 0, sizeof again);
  predict.run(own, b, {again[0]});
  check(std::memcmp(a, again, sizeof a) == 0, "the same workspace predicts on after an error");
  check(fails([&] { safetensors::open(folder + "/missing.safetensors"); }, "safetensors::open", "missing.safetensors"), "a missing file");
  check(set_error_handler(nullptr) == jump, "set_error_handler returns the handler before");
  return failures != 0;
}
