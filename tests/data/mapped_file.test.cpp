// tests/data/mapped_file.test.cpp -- mapped or read, the bytes are the same; refusals are tested with safetensors.
#include "relreason/data/mapped_file.hpp"

#include <string>
#include <utility>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using relreason::mapped_file;

namespace {
std::string text_of(const mapped_file& file) { return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}; }
}  // namespace

TEST_CASE("mapped_file: mapping and reading give the same bytes, and moving keeps their address", "[data][mapped_file]") {
  const temporary_folder folder;
  const std::string text = std::string(100'000, 'a') + "end";
  put_content(folder / "x", text);
  mapped_file mapped(folder / "x"), read(folder / "x", "test", mapped_file::how::read);
  CHECK(mapped.mapped());
  CHECK_FALSE(read.mapped());
  CHECK(text_of(mapped) == text);
  CHECK(text_of(read) == text);
  const std::byte* address = mapped.bytes().data();
  mapped_file moved = std::move(mapped);
  CHECK(moved.bytes().data() == address);
  moved = std::move(read);
  CHECK_FALSE(moved.mapped());
  CHECK(text_of(moved) == text);
}

TEST_CASE("mapped_file: an empty file has no bytes", "[data][mapped_file]") {
  const temporary_folder folder;
  put_content(folder / "x", "");
  CHECK(mapped_file(folder / "x").bytes().empty());
}

TEST_CASE("mapped_file: a file without read permission is refused by name", "[data][mapped_file]") {
  const temporary_folder folder;
  put_content(folder / "x", "text");
  if (!forbid_reading(folder / "x")) return;
  CHECK(message_of([&] { mapped_file(folder / "x", "test"); }) ==
        "test: cannot open " + (folder / "x") + ": Permission denied; check the path and the permissions");
}
