// tests/data/resumable_file.test.cpp -- what was written stays for the next program; the name appears when all is done.
#include "relreason/data/resumable_file.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using relreason::resumable_file;
namespace fs = std::filesystem;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("resumable_file: places are written in any order, read back, kept, and renamed at the end", "[data][resumable_file]") {
  const temporary_folder folder;
  const std::string path = folder / "big";
  {
    const resumable_file file(path, "test");
    file.reserve(8);
    file.write(bytes_of("cd"), 6);
    file.write(bytes_of("ab"), 0);
  }
  CHECK(!fs::exists(path));
  CHECK(content_of(path + ".partial") == std::string("ab\0\0\0\0cd", 8));
  resumable_file file(path, "test");
  std::vector<std::byte> some(4);
  CHECK(file.read(some, 5) == 3);
  CHECK(some[1] == std::byte{'c'});
  file.write(bytes_of("...."), 2);
  file.flush();
  file.rename();
  CHECK(content_of(path) == "ab....cd");
  CHECK(!fs::exists(path + ".partial"));
}

TEST_CASE("resumable_file: reserve cuts what is longer, empty and discard leave nothing", "[data][resumable_file]") {
  const temporary_folder folder;
  put_content(folder / "x.partial", "12345678");
  resumable_file file(folder / "x", "test");
  file.reserve(3);
  CHECK(content_of(folder / "x.partial") == "123");
  file.empty();
  CHECK(content_of(folder / "x.partial").empty());
  file.discard();
  CHECK(!fs::exists(folder / "x.partial"));
}

TEST_CASE("resumable_file: one owner at a time; places that cannot be written are named", "[data][resumable_file]") {
  const temporary_folder folder;
  const resumable_file first(folder / "x", "test");
  CHECK(
      contains(message_of([&] { resumable_file(folder / "x", "test"); }), "test: " + folder.path + "/x is being built by another program or thread"));
  CHECK(contains(message_of([&] { resumable_file(folder / "none/x", "test"); }),
                 "test: cannot create " + folder.path + "/none/x.partial: No such file"));
  fs::create_directory(folder / "y.partial");
  CHECK(contains(message_of([&] { resumable_file(folder / "y", "test"); }), "test: cannot create " + folder.path + "/y.partial: Is a directory"));
  fs::create_symlink("x", folder / "z.partial");
  CHECK(contains(message_of([&] { resumable_file(folder / "z", "test"); }), "test: cannot create " + folder.path + "/z.partial: "));
}
