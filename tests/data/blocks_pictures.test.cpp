// tests/data/blocks_pictures.test.cpp -- the files of a split's pictures: names, content, going on after a stop, other options, failures.
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_pictures.hpp"
#include "relreason/data/mapped_file.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason::blocks;

namespace {

options split_of(int n_scenes) {
  options o;
  o.split = "val";
  o.n_scenes = n_scenes;
  return o;
}

picture_options small() {
  picture_options p;
  p.width = 24, p.height = 16, p.channels = 4;
  return p;
}

relreason::image read(const std::string& path) {
  const relreason::mapped_file file(path);
  relreason::image_options as_it_is;
  as_it_is.channels = 4;
  return relreason::png::parse(file.bytes(), path, as_it_is);
}

std::string picture(int index) { return "images/val/CLEVR_val_00000" + std::to_string(index) + ".png"; }

}  // namespace

TEST_CASE("blocks pictures: each file is the picture of its scene, for any number of threads", "[data][blocks][threads]") {
  temporary_folder first, second;
  relreason::serial_executor serial;
  relreason::thread_pool threads(3);
  CHECK(write_images(split_of(6), small(), serial, first.path) == 6);
  CHECK(write_images(split_of(6), small(), threads, second.path) == 6);
  for (int i = 0; i < 6; ++i) {
    CHECK(read(first / picture(i)) == render(make_stage(split_of(6), i), small()));
    CHECK(content_of(first / picture(i)) == content_of(second / picture(i)));
  }
}

TEST_CASE("blocks pictures: what an equal call made is kept, what is missing is made", "[data][blocks]") {
  temporary_folder folder;
  relreason::serial_executor serial;
  const auto again = [&](int n) { return write_images(split_of(n), small(), serial, folder.path); };
  CHECK(again(4) == 4);
  CHECK(again(4) == 0);
  put_content(folder / picture(1), "kept");
  CHECK(again(6) == 2);
  CHECK(content_of(folder / picture(1)) == "kept");
  std::filesystem::remove(folder / picture(1));
  std::filesystem::remove(folder / picture(3));
  CHECK(again(6) == 2);
  CHECK(read(folder / picture(1)) == render(make_stage(split_of(6), 1), small()));
  CHECK(again(2) == 0);
  CHECK(again(6) == 0);
}

TEST_CASE("blocks pictures: after a stop only what the record vouches for is kept", "[data][blocks]") {
  temporary_folder folder;
  relreason::serial_executor serial;
  write_images(split_of(5), small(), serial, folder.path);
  const std::string record = images_record(folder.path, "val");
  std::string text = content_of(record);
  REQUIRE(text.substr(text.size() - 7) == "done 5\n");
  text.replace(text.size() - 2, 1, "2");
  put_content(record, text);
  put_content(folder / picture(3), "half a picture");
  CHECK(write_images(split_of(5), small(), serial, folder.path) == 3);
  CHECK(read(folder / picture(3)) == render(make_stage(split_of(5), 3), small()));
}

TEST_CASE("blocks pictures: other options, or a record that is none, make all anew", "[data][blocks]") {
  temporary_folder folder;
  relreason::serial_executor serial;
  const auto made = [&](auto change) {
    options o = split_of(3);
    picture_options p = small();
    change(o, p);
    return write_images(o, p, serial, folder.path);
  };
  CHECK(made([](options&, picture_options&) {}) == 3);
  CHECK(made([](options& o, picture_options&) { o.questions_per_scene = 1; }) == 0);  // no matter to pictures
  CHECK(made([](options& o, picture_options&) { o.seed = 2; }) == 3);
  CHECK(made([](options& o, picture_options&) { o.seed = 2, o.max_objects = 5; }) == 3);
  CHECK(made([](options& o, picture_options&) { o.variant = cogent::b; }) == 3);
  CHECK(made([](options&, picture_options& p) { p.width = 25; }) == 3);
  CHECK(made([](options&, picture_options& p) { p.width = 25, p.edge_samples = 4; }) == 3);
  const std::string record = images_record(folder.path, "val");
  for (const std::string& broken : {std::string(), std::string("done 3"), std::string(5'000, 'x'), std::string(100, '\0')}) {
    put_content(record, broken);
    CHECK(made([](options&, picture_options&) {}) == 3);
  }
}

TEST_CASE("blocks pictures: a folder that cannot be made and a full disk are said", "[data][blocks]") {
  temporary_folder folder;
  relreason::serial_executor serial;
  put_content(folder / "file", "");
  CHECK(contains(message_of([&] { write_images(split_of(1), small(), serial, folder / "file"); }), "cannot create the folder " + (folder / "file")));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit low = before;
  low.rlim_cur = 600;  // room for the record, not for a picture
  picture_options large = small();
  large.width = 240, large.height = 160;
  setrlimit(RLIMIT_FSIZE, &low);
  const auto message = message_of([&] { write_images(split_of(1), large, serial, folder.path); });
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(contains(message, "cannot write " + (folder / picture(0))));
  CHECK(contains(message, "ulimit -f"));
  CHECK(std::filesystem::is_empty(folder / "images/val"));
}

TEST_CASE("blocks pictures: progress counts to the last picture; none are none", "[data][blocks]") {
  temporary_folder folder;
  relreason::serial_executor serial;
  std::vector<int> seen;
  picture_options tiny = small();
  tiny.width = tiny.height = 1;
  write_images(split_of(600), tiny, serial, folder.path, [&](int done) { seen.push_back(done); });
  CHECK(seen == std::vector<int>{256, 512, 600});
  CHECK(write_images(split_of(0), tiny, serial, folder.path) == 0);
}
