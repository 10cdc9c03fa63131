// tests/two_flags/main.cpp -- two units with different flags in one program: same layouts, and what one makes the other reads and destroys.
#include <cmath>
#include <cstdio>

#include "exchange.hpp"

namespace {

int failures = 0;

void check(bool holds, const std::string& claim) {
  std::printf("[%s] two flags: %s\n", holds ? "passed" : "failed", claim.c_str());
  if (!holds) ++failures;
}

// Other flags may contract a product and a sum into one rounding: a few units in the last place of float, after 20 steps.
bool close(double a, double b) { return std::abs(a - b) <= 1e-4 * (1 + std::abs(a)); }
constexpr double first_loss = 1.609;  // log 5: five answers, before training

void exchange(const unit& maker, const unit& reader, relreason::executor& executor, const std::string& direction) {
  parcel p = maker.make(executor);
  // 1 (0 + 3 + 1.5 + 0) + 2 (1 + 3 + 1.5 + 1) + 3 (2 + 3 + 1.5 + 2), and numbers that are multiples of 2^-24.
  double expected = 4.5 + 13 + 25.5;
  for (const float number : p.numbers) expected += number;
  check(reader.read(p) == expected && maker.read(p) == expected, direction + ": values");
  const parcel q = reader.make(executor);
  check(p.numbers == q.numbers && std::memcmp(p.block.data(), q.block.data(), p.block.bytes()) == 0, direction + ": the same random numbers");

  // One trainer is made here and stepped there; another stays with its maker.
  const auto shared = maker.make_trainer(executor), own = maker.make_trainer(executor);
  double loss = 0, own_loss = 0;
  for (int i = 0; i < 20; ++i) loss = reader.step(*shared, p), own_loss = maker.step(*own, p);
  check(close(loss, own_loss) && loss < first_loss, direction + ": 20 steps of training");
  const std::vector<float> a = reader.predict(*shared, p), b = maker.predict(*shared, p);
  bool agree = true;
  for (std::size_t i = 0; i < a.size(); ++i) agree = agree && close(a[i], b[i]);
  check(agree, direction + ": predictions");
  reader.unmake(std::move(p));
}

}  // namespace

int main() {
  const unit plain = plain_unit(), native = native_unit();
  for (std::size_t i = 0; i < plain.layouts.size(); ++i) {
    const layout &a = plain.layouts[i], &b = native.layouts[i];
    check(a.size == b.size && a.alignment == b.alignment,
          std::string(a.type) + ": " + std::to_string(a.size) + " and " + std::to_string(b.size) + " bytes");
  }
  relreason::thread_pool pool(2);
  exchange(plain, native, pool, "-O2 to native");
  exchange(native, plain, pool, "native to -O2");
  return failures != 0;
}
