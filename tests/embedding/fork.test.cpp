// tests/embedding/fork.test.cpp -- prediction in a child process: threads do not survive fork(), everything else does.
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "embedding/product.hpp"

using namespace product;

namespace {

// Runs code() -> bool in a child; false where it says so, crashes or takes 60 s.
template <class Code>
bool holds_in_child(const Code& code) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    ::_exit(code() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("embedding: after fork a child predicts with the weights and workspaces of its parent", "[embedding][fork]") {
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  const auto b = some_scenes();
  float expected[scenes][answers], a[scenes][answers];
  auto serial = predict.make_workspace();
  auto pool = std::make_unique<thread_pool>(3);
  auto parallel = predict.make_workspace(pool.get());
  predict.run(parallel, b, {expected[0]});  // the pool's threads run now, and sleep or spin
  const auto agrees = [&](net_predictor::workspace& own) {
    std::memset(a, 0, sizeof a);
    predict.run(own, b, {a[0]});
    return std::memcmp(a, expected, sizeof a) == 0;
  };

  CHECK(holds_in_child([&] { return agrees(serial); }));
  CHECK(holds_in_child([&] {
    thread_pool fresh(2);
    auto own = predict.make_workspace(&fresh);
    return agrees(own);
  }));
  CHECK(holds_in_child([&] {
    const bool same = agrees(parallel);  // the parent's pool has no threads here: the caller does its work
    pool.reset();
    return same;
  }));
  ::usleep(20000);  // now they sleep
  CHECK(holds_in_child([&] {
    pool.reset();
    return agrees(serial);
  }));
  CHECK(agrees(parallel));  // the parent did not notice
}
