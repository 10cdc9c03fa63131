// tests/fuzz/fuzz_image_cache.cpp -- any bytes give an error or a cache whose pictures and names lie within them.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "relreason/data/image_cache.hpp"

namespace {

void check(std::span<const std::byte> bytes) {
  try {
    const relreason::image_cache cache(bytes, "input");
    if (cache.size() == 0 || cache.names().size() != cache.size()) std::abort();
    const auto* end = reinterpret_cast<const std::uint8_t*>(bytes.data() + bytes.size());
    for (std::size_t i = 0; i < cache.size(); ++i) {
      const auto view = cache[i];
      if (view.pixels + view.bytes() > end || cache.find(cache.names()[i]) != i) std::abort();
    }
    relreason::serial_executor serial;
    cache.verify(serial);
  } catch (const relreason::error&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using header = relreason::detail::image_cache_header;
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  check(bytes);
  // Again with a seal that fits, so that what it protects is looked at too.
  header head;
  if (size < sizeof head) return 0;
  std::memcpy(&head, data, sizeof head);
  if (head.pixels_at < sizeof head || head.pixels_at > size) return 0;
  head.seal = relreason::detail::seal_of(head, std::span(bytes).subspan(sizeof head, head.pixels_at - sizeof head));
  std::memcpy(bytes.data(), &head, sizeof head);
  check(bytes);
  return 0;
}
