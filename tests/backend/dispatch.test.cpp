// tests/backend/dispatch.test.cpp -- which kernel set is chosen: what is asked for, RELREASON_ISA, what the processor has.
#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/backend/cpu/row_sets.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

// RELREASON_ISA for one scope; the value it had comes back.
class environment {
 public:
  explicit environment(const char* value) {
    if (const char* old = std::getenv("RELREASON_ISA")) old_ = old, had_ = true;
    set(value);
  }
  ~environment() { set(had_ ? old_.c_str() : nullptr); }

 private:
  static void set(const char* value) { value ? setenv("RELREASON_ISA", value, 1) : unsetenv("RELREASON_ISA"); }
  std::string old_;
  bool had_ = false;
};
std::string refusal(isa wanted) {
  return message_of([&] { select_kernels<float>(wanted); });
}

}  // namespace

TEST_CASE("select_kernels takes what is asked for, then RELREASON_ISA, then the best the processor has", "[kernels]") {
  {
    const environment none(nullptr);
    const char* best = supported(isa::avx512) ? "avx512" : supported(isa::avx2) ? "avx2" : "portable";
    CHECK(std::string(select_kernels<float>().name) == best);
    CHECK(std::string(select_kernels<float>(isa::portable).name) == "portable");
    CHECK(std::string(select_kernels<float>(isa::portable, precision::bf16).name) == "portable_bf16");
    if (supports_bf16()) CHECK(std::string(select_kernels<float>(isa::automatic, precision::bf16).name) == "avx512_bf16");
    for (const isa wanted : {isa::avx2, isa::avx512}) {
      const std::string name = wanted == isa::avx2 ? "avx2" : "avx512";
      if (supported(wanted)) CHECK(select_kernels<float>(wanted).name == name);
      else CHECK(refusal(wanted).find("asks for " + name) != std::string::npos);
    }
  }
  {
    const environment empty("");
    CHECK(std::string(select_kernels<float>().name) == select_kernels<float>(cpu::best()).name);
  }
  const environment chosen("portable");
  CHECK(std::string(select_rows<float>().name) == "portable");
  CHECK(std::string(select_kernels<float>().row->name) == "portable");
  CHECK(std::string(select_kernels<float>().name) == "portable");
  if (supported(isa::avx2)) CHECK(std::string(select_kernels<float>(isa::avx2).name) == "avx2");
}

TEST_CASE("an unknown RELREASON_ISA is an error that names the allowed values", "[kernels]") {
  const environment wrong_value("AVX9");
  const std::string message = refusal(isa::automatic);
  CHECK(message.find("\"AVX9\"") != std::string::npos);
  CHECK(message.find("portable, avx2 and avx512") != std::string::npos);
  CHECK(&select_rows<float>() == select_kernels<float>(cpu::best()).row);  // no error: the results do not depend on it
  CHECK(refusal(isa::portable) == "");
}

TEST_CASE("double is always portable, and bf16 is refused for it", "[kernels]") {
  CHECK(std::string(select_kernels<double>(isa::avx512).name) == "portable");
  CHECK_THROWS_AS(select_kernels<double>(isa::automatic, precision::bf16), error);
}
