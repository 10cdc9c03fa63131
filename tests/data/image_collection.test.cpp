// tests/data/image_collection.test.cpp -- what a folder's or a list's pictures are, in which order, and which are missing.
#include "relreason/data/image_collection.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using relreason::image_collection;
using names = std::vector<std::string>;

TEST_CASE("image_collection: a folder's pictures are sorted by name; other files and folders are left out", "[data][image]") {
  const temporary_folder folder;
  const std::string png = "\x89PNG\r\n\x1a\n", jpeg = "\xff\xd8\xff\xe0";
  put_content(folder / "b.png", png);
  put_content(folder / "a10", jpeg);         // by content
  put_content(folder / "a9.JPG", "broken");  // by name: its reader will say what is wrong
  put_content(folder / "B.png", png);
  put_content(folder / "README.txt", "text");
  put_content(folder / ".hidden.png", png);
  std::filesystem::create_directory(folder / "folder.png");
  const auto all = image_collection::of_folder(folder.path);
  CHECK(all.names() == names{"B.png", "a10", "a9.JPG", "b.png"});
  CHECK(all.find("a9.JPG") == std::size_t{2});
  CHECK(!all.find("README.txt"));
  CHECK(all.path(3) == folder.path + "/b.png");
  CHECK(contains(message_of([&] { all.read(2); }), "a9.JPG: byte 0: found \"broken\", wanted the first bytes of PNG or JPEG"));
}

TEST_CASE("image_collection: a list keeps its order; ends of lines of other systems and empty lines are skipped", "[data][image]") {
  const temporary_folder folder;
  put_content(folder / "list.txt", "z.png\r\n\nsub/a b.png\nlast.png");
  const auto all = image_collection::of_list(folder / "list.txt", "pictures");
  CHECK(all.names() == names{"z.png", "sub/a b.png", "last.png"});
  CHECK(all.folder() == "pictures");
}

TEST_CASE("image_collection: missing pictures are named, twenty of them and a count of the rest", "[data][image]") {
  const temporary_folder folder;
  put_content(folder / "there.png", "x");
  std::filesystem::create_directory(folder / "folder.png");
  const auto few = image_collection::of_names(folder.path, {"gone.png", "there.png", "folder.png"});
  CHECK(contains(message_of([&] { few.stamps(); }),
                 folder.path + ": 2 of 3 pictures are missing or no files: \"gone.png\", \"folder.png\"; fetch them"));
  names many;
  for (int i = 0; i < 25; ++i) many.push_back("p" + std::to_string(i));
  CHECK(contains(message_of([&] { image_collection::of_names(folder.path, many).stamps(); }), "25 of 25 pictures are missing or no files: \"p0\", "));
  CHECK(contains(message_of([&] { image_collection::of_names(folder.path, many).stamps(); }), "\"p19\" and 5 more; fetch them"));
  CHECK(image_collection::of_names(folder.path, {"there.png"}).stamps()[0].bytes == 1);
}

TEST_CASE("image_collection: lists and folders that are none are refused", "[data][image]") {
  const temporary_folder folder;
  CHECK(contains(message_of([&] { image_collection::of_folder(folder.path); }), "found no PNG or JPEG file in " + folder.path));
  CHECK(contains(message_of([&] { image_collection::of_folder(folder / "none"); }), "cannot list " + folder.path + "/none: No such file"));
  CHECK(contains(message_of([&] { image_collection::of_list(folder / "none", "x"); }), "cannot open " + folder.path + "/none"));
  put_content(folder / "empty", "\n\r\n");
  CHECK(contains(message_of([&] { image_collection::of_list(folder / "empty", "x"); }), "found no names, wanted one on each line"));
  CHECK(contains(message_of([&] { image_collection::of_names("x", {"a", "b", "a"}); }), "found \"a\" as picture 0 and again as 2, wanted each once"));
  CHECK(contains(message_of([&] { image_collection::of_names("x", {"a", ""}); }), "picture 1: found the name \"\", wanted a file's name"));
}
