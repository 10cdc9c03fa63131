// tests/two_flags/main.cpp -- two units with different flags in one program: same layouts, and what one makes the other reads and destroys.
#include <cstdio>

#include "exchange.hpp"

namespace {

int failures = 0;

void check(bool holds, const std::string& claim) {
  std::printf("[%s] two flags: %s\n", holds ? "passed" : "failed", claim.c_str());
  if (!holds) ++failures;
}

void exchange(const unit& maker, const unit& reader, relreason::executor& executor, const std::string& direction) {
  parcel p = maker.make(executor);
  // 1 (0 + 3 + 1.5 + 0) + 2 (1 + 3 + 1.5 + 1) + 3 (2 + 3 + 1.5 + 2), and numbers that are multiples of 2^-24.
  double expected = 4.5 + 13 + 25.5;
  for (const float number : p.numbers) expected += number;
  check(reader.read(p) == expected && maker.read(p) == expected, direction + ": values");
  const parcel q = reader.make(executor);
  check(p.numbers == q.numbers && std::memcmp(p.block.data(), q.block.data(), p.block.bytes()) == 0, direction + ": the same random numbers");
  reader.unmake(std::move(p));
}

}  // namespace

int main() {
  const unit plain = plain_unit(), native = native_unit();
  for (std::size_t i = 0; i < plain.layouts.size(); ++i) {
    const layout &a = plain.layouts[i], &b = native.layouts[i];
    check(a.size == b.size && a.alignment == b.alignment, std::string(a.type) + ": " + std::to_string(a.size) + " and " + std::to_string(b.size) + " bytes");
  }
  relreason::thread_pool pool(2);
  exchange(plain, native, pool, "-O2 to native");
  exchange(native, plain, pool, "native to -O2");
  return failures != 0;
}
