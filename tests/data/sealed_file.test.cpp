// tests/data/sealed_file.test.cpp -- the header of a file that takes hours: what is refused, and what the seal covers.
#include "relreason/data/sealed_file.hpp"

#include <cstring>
#include <string>

#include "catch.hpp"
#include "support/message_of.hpp"

namespace {

using namespace relreason::detail;

struct toy_header {
  static constexpr std::uint32_t known_version = 3;
  static constexpr const char *title = "box of toys", *noun = "box", *covers = "names";
  char magic[8] = {'R', 'R', '-', '-', 't', 'o', 'y', 's'};
  std::uint32_t version = known_version, toys = 0;
  std::uint64_t seal = 0;
};
static_assert(sealed_header<toy_header>);

std::string bytes_of(const toy_header& head) { return {reinterpret_cast<const char*>(&head), sizeof head}; }
std::string refusal(const std::string& file) {
  return message_of([&] { read_sealed_header<toy_header>(std::as_bytes(std::span(file)), "toys: f"); });
}

}  // namespace

TEST_CASE("read_sealed_header: a finished header of the known version comes back as it was written", "[data][sealed_file]") {
  toy_header head;
  head.toys = 5, head.seal = 7;
  const std::string file = bytes_of(head) + "rest";
  CHECK(read_sealed_header<toy_header>(std::as_bytes(std::span(file)), "toys: f").toys == 5);
  CHECK(refusal(file) == "");
}

TEST_CASE("read_sealed_header: short, foreign, other versions' and unfinished files are refused with the byte and what to do",
          "[data][sealed_file]") {
  toy_header head;
  head.seal = 7;
  const std::string none = "toys: f: byte 0: found no box of toys, wanted \"RR--toys\"; check the path";
  CHECK(refusal("") == none);
  CHECK(refusal(bytes_of(head).substr(0, sizeof head - 1)) == none);
  CHECK(refusal("x" + bytes_of(head)) == none);
  head.version = 2;
  CHECK(refusal(bytes_of(head)) == "toys: f: byte 8: found version 2, wanted 3; another relreason wrote it; remove it, then build it again");
  head.version = 3, head.seal = 0;
  CHECK(refusal(bytes_of(head)) == "toys: f: byte 16: found an unfinished box; build it again: what is there is kept, if its name ends in .partial");
}

TEST_CASE("seal_of covers every byte of the header but the seal, and all that follows", "[data][sealed_file]") {
  toy_header head;
  const std::string names = "bear, ball";
  const auto covered = std::as_bytes(std::span(names));
  head.seal = seal_of(head, covered);
  CHECK(seal_of(head, covered) == head.seal);
  const auto checked = [&](const toy_header& h, const std::string& text) {
    return message_of([&] { check_seal(h, std::as_bytes(std::span(text)), "toys: f"); });
  };
  CHECK(checked(head, names) == "");
  const std::string wrong = "toys: f: byte 16: found a seal that does not fit names; remove it, then build it again";
  CHECK(checked(head, "bear, bell") == wrong);
  CHECK(checked(head, "bear, bal") == wrong);
  toy_header other = head;
  other.toys = 1;
  CHECK(checked(other, names) == wrong);
  other = head;
  other.seal ^= 1;
  CHECK(checked(other, names) == wrong);
}

TEST_CASE("next_page: the first multiple of 4,096 that is not before", "[data][sealed_file]") {
  CHECK(next_page(0) == 0);
  CHECK(next_page(1) == 4096);
  CHECK(next_page(4096) == 4096);
  CHECK(next_page(4097) == 8192);
}
