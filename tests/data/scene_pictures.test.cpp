// tests/data/scene_pictures.test.cpp -- scenes find their pictures by number: rendered ones, and files by image_filename.
#include "relreason/data/scene_pictures.hpp"

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

const image_cache_options small{.width = 24, .height = 16, .progress = nullptr};
const blocks::options world{.seed = 9, .split = "train", .n_scenes = 3, .max_objects = 4};

bool same(image_view a, image_view b) { return a.bytes() == b.bytes() && std::equal(a.pixels, a.pixels + a.bytes(), b.pixels); }

}  // namespace

TEST_CASE("scene pictures: the blocks world is rendered into a cache, once; the pictures are render()'s", "[data][image]") {
  const temporary_folder folder;
  serial_executor serial;
  const auto found = blocks::pictures_of_world(world, folder / "cache", serial, small);
  REQUIRE(found.size() == 3);
  CHECK(found.picture_bytes() == 24 * 16 * 3);
  for (int i = 0; i < 3; ++i)
    CHECK(same(found[static_cast<std::size_t>(i)], blocks::render(blocks::make_stage(world, i), {.width = 24, .height = 16})));
  const auto made = std::filesystem::last_write_time(folder / "cache");
  thread_pool threads(2);
  CHECK(same(blocks::pictures_of_world(world, folder / "cache", threads, small)[2], found[2]));
  CHECK(std::filesystem::last_write_time(folder / "cache") == made);
  CHECK(image_cache(folder / "cache").find("CLEVR_train_000001.png") == 1u);

  picture_list kept;
  {
    const auto again = blocks::pictures_of_world(world, folder / "cache", serial, small);
    kept = again;
  }
  CHECK(same(kept[0], found[0]));  // a copy keeps the file mapped
}

TEST_CASE("scene pictures: a cache of another world is refused", "[data][image]") {
  const temporary_folder folder;
  serial_executor serial;
  blocks::pictures_of_world(world, folder / "cache", serial, small);
  auto other = world;
  other.seed = 10;
  CHECK(contains(message_of([&] { blocks::pictures_of_world(other, folder / "cache", serial, small); }),
                 "3 of 3 pictures in the blocks world, train changed since it was built"));
  other = world;
  other.n_scenes = 2;
  CHECK(contains(message_of([&] { blocks::pictures_of_world(other, folder / "cache", serial, small); }), "found 3 pictures, wanted 2"));
}

#if RELREASON_HAS_PNG
TEST_CASE("scene pictures: files are found by the scenes' image_filename, in the scenes' order, and resized", "[data][image]") {
  const temporary_folder folder;
  serial_executor serial;
  std::vector<clevr::scene> scenes(2);
  for (int i = 0; i < 2; ++i) {
    image p(48, 32, 4);
    std::fill(p.pixels.begin(), p.pixels.end(), static_cast<std::uint8_t>(255 - 100 * i));
    scenes[static_cast<std::size_t>(i)].image_index = i;
    scenes[static_cast<std::size_t>(i)].image_filename = i ? "a.png" : "b.png";
    png::write(folder / scenes[static_cast<std::size_t>(i)].image_filename, p);
  }
  const auto found = clevr::pictures_of_files(scenes, folder.path, folder / "cache", serial, small);
  REQUIRE(found.size() == 2);
  CHECK(found[0].pixels[0] == 255);
  CHECK(found[1].pixels[0] == 155);
  CHECK((found.width() == 24 && found.height() == 16 && found.channels() == 3));

  scenes[1].image_filename = "c.png";
  CHECK(contains(message_of([&] { clevr::pictures_of_files(scenes, folder.path, folder / "new", serial, small); }), "1 of 2 pictures are missing"));
  scenes[1].image_filename = "";
  CHECK(contains(message_of([&] { clevr::pictures_of_files(scenes, folder.path, folder / "new", serial, small, "S.json"); }),
                 "S.json: scene 1 has no image_filename"));
}
#endif

TEST_CASE("image_collection: pictures that a function makes are cached like files, and known by their identity", "[data][image]") {
  const temporary_folder folder;
  serial_executor serial;
  int made = 0;
  const auto with = [&](std::uint64_t identity) {
    return image_collection::of_made("a test", {"x", "y"}, identity, [&](std::size_t i) {
      ++made;
      image p(24, 16, 3);
      p.pixels[0] = static_cast<std::uint8_t>(7 + i);
      return p;
    });
  };
  const auto cache = build_image_cache(folder / "cache", with(5), serial, small);
  CHECK(made == 2);
  CHECK(cache[1].pixels[0] == 8);
  build_image_cache(folder / "cache", with(5), serial, small);
  CHECK(made == 2);
  CHECK(contains(message_of([&] { build_image_cache(folder / "cache", with(6), serial, small); }), "2 of 2 pictures in a test changed"));
}
