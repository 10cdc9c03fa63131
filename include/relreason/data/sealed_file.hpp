// relreason/data/sealed_file.hpp -- how files that take hours begin: a header with a mark and a version, and a seal that is written last.
// image_cache.hpp and metric/distance_matrix.hpp read such files, sealed_build.hpp makes them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "relreason/core/error.hpp"
#include "relreason/data/content_hash.hpp"

namespace relreason::detail {

inline constexpr const char* build_again = "; remove it, then build it again";

// The first bytes of a file, little-endian and without gaps. seal: hash of the header with a seal of 0 and of what it covers; 0: unfinished.
template <class Header>
concept sealed_header = std::is_trivially_copyable_v<Header> && requires(Header h) {
  { h.magic } -> std::convertible_to<const char*>;
  { h.version } -> std::convertible_to<std::uint32_t>;
  { h.seal } -> std::convertible_to<std::uint64_t>;
  { Header::known_version } -> std::convertible_to<std::uint32_t>;
  { Header::title } -> std::convertible_to<const char*>;   // what such a file is, as "cache of pictures"
  { Header::noun } -> std::convertible_to<const char*>;    // the same in one word
  { Header::covers } -> std::convertible_to<const char*>;  // what is under the seal
};

template <sealed_header Header>
std::uint64_t seal_of(Header head, std::span<const std::byte> covered) {
  head.seal = 0;
  return content_hash(covered, content_hash(std::as_bytes(std::span(&head, 1))));
}

// The header of the file `all`, of the version that is known here and finished; sizes and seal are still to be checked. `who` begins every message.
template <sealed_header Header>
Header read_sealed_header(std::span<const std::byte> all, const std::string& who) {
  Header head;
  if (all.size() < sizeof head || std::memcmp(all.data(), head.magic, sizeof head.magic) != 0)
    fail(who, ": byte 0: found no ", Header::title, ", wanted \"", std::string(head.magic, sizeof head.magic), "\"; check the path");
  std::memcpy(&head, all.data(), sizeof head);
  if (head.version != Header::known_version)
    fail(who, ": byte ", offsetof(Header, version), ": found version ", head.version, ", wanted ", Header::known_version,
         "; another relreason wrote it", build_again);
  if (head.seal == 0)
    fail(who, ": byte ", offsetof(Header, seal), ": found an unfinished ", Header::noun,
         "; build it again: what is there is kept, if its name ends in .partial");
  return head;
}

template <sealed_header Header>
void check_seal(const Header& head, std::span<const std::byte> covered, const std::string& who) {
  if (seal_of(head, covered) != head.seal)
    fail(who, ": byte ", offsetof(Header, seal), ": found a seal that does not fit ", Header::covers, build_again);
}

// Data begin at a whole page.
constexpr std::uint64_t next_page(std::uint64_t bytes) {
  constexpr std::uint64_t page = 4096;
  return (bytes + page - 1) / page * page;
}

}  // namespace relreason::detail
