// tests/data/image_file.test.cpp -- the format comes from the content; what is no picture is named.
#include "relreason/data/image_file.hpp"

#include <sys/stat.h>

#include <string>

#include "catch.hpp"
#include "support/image_reference.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using relreason::read_image;

namespace {

std::string text_of(std::span<const std::byte> b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

}  // namespace

TEST_CASE("image_file: the format is found by the content, whatever the name", "[data][image]") {
#if RELREASON_HAS_PNG && RELREASON_HAS_JPEG
  const temporary_folder folder;
  const image_reference all;
  put_content(folder / "a.jpg", text_of(all.bytes("png.rgb_8.file")));
  put_content(folder / "b", text_of(all.bytes("jpeg.rgb.file")));
  CHECK(read_image(folder / "a.jpg") == all.picture("png.rgb_8.rgb"));
  CHECK(read_image(folder / "b").width == 52);
#endif
}

TEST_CASE("image_file: what is no picture is refused by name", "[data][image]") {
  const temporary_folder folder;
  put_content(folder / "empty.png", "");
  put_content(folder / "page.png", "<html>\x1b[31m not found");
  put_content(folder / "x.gif", "GIF89a");
  ::mkfifo((folder / "pipe.png").c_str(), 0600);
  const auto refusal = [&](const std::string& name) { return message_of([&] { read_image(folder / name); }); };
  CHECK(contains(refusal("empty.png"), "empty.png: found an empty file, wanted PNG or JPEG"));
  CHECK(contains(refusal("page.png"), "page.png: byte 0: found \"<html>\\x1b[\", wanted the first bytes of PNG or JPEG"));
  CHECK(contains(refusal("x.gif"), "found \"GIF89a\""));
  CHECK(contains(refusal("none.png"), "read_image: cannot open " + folder.path + "/none.png: No such file or directory"));
  CHECK(contains(refusal(""), "to be a folder, wanted a regular file"));
  CHECK(contains(refusal("pipe.png"), "to be a pipe or device, wanted a regular file"));
  put_content(folder / "secret.png", "x");
  if (forbid_reading(folder / "secret.png")) CHECK(contains(refusal("secret.png"), "Permission denied; check the path and the permissions"));
}
