// tests/data/image_transform.test.cpp -- padding, cropping and rotating by hand and against Pillow; the training transform is their composition.
#include "relreason/data/image_transform.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/image_reference.hpp"
#include "support/message_of.hpp"

using relreason::augmentation;
using relreason::image;

namespace {

using levels = std::vector<std::uint8_t>;

image numbered(int width, int height, int channels) {
  image out(width, height, channels);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = static_cast<std::uint8_t>(i + 1);
  return out;
}

}  // namespace

TEST_CASE("image_transform: padding puts black on every side", "[data][image]") {
  CHECK(relreason::pad(numbered(2, 1, 1), 1).pixels == levels{0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0});
  CHECK(relreason::pad(numbered(2, 1, 3), 0) == numbered(2, 1, 3));
}

TEST_CASE("image_transform: a crop may reach beyond any edge, and miss the picture", "[data][image]") {
  const image from = numbered(3, 2, 1);  // 1 2 3 / 4 5 6
  CHECK(relreason::crop(from, 1, 0, 2, 2).pixels == levels{2, 3, 5, 6});
  CHECK(relreason::crop(from, -1, -1, 2, 2).pixels == levels{0, 0, 0, 1});
  CHECK(relreason::crop(from, 2, 1, 2, 2).pixels == levels{6, 0, 0, 0});
  CHECK(relreason::crop(from, 3, 0, 1, 2).pixels == levels{0, 0});
  CHECK(relreason::crop(from, 0, -5, 2, 1).pixels == levels{0, 0});
  CHECK(relreason::crop(from, std::numeric_limits<int>::max(), std::numeric_limits<int>::min(), 1, 1).pixels == levels{0});
  CHECK(relreason::crop(numbered(2, 2, 3), 1, 1, 1, 1).pixels == levels{10, 11, 12});
}

TEST_CASE("image_transform: rotation is Pillow's, to the bit", "[data][image]") {
  const image_reference all;
  int compared = 0;
  for (const std::string& key : all.between("transform.", ".from")) {
    if (key == "luma") continue;
    const image from = all.picture("transform." + key + ".from");
    for (const std::string& tenths : all.between("transform." + key + ".rotate.", "")) {
      INFO(key << " by " << tenths << " tenths of a degree");
      CHECK(relreason::rotate(from, std::stoi(tenths) / 10.) == all.picture("transform." + key + ".rotate." + tenths));
      ++compared;
    }
  }
  CHECK(compared == 50);
}

TEST_CASE("image_transform: a quarter turn is counterclockwise", "[data][image]") {
  image from(2, 2, 1);
  from.pixels = {1, 2, 3, 4};
  CHECK(relreason::rotate(from, 90).pixels == levels{2, 4, 1, 3});
  CHECK(relreason::rotate(from, -270).pixels == levels{2, 4, 1, 3});
  CHECK(relreason::rotate(from, 180).pixels == levels{4, 3, 2, 1});
}

TEST_CASE("image_transform: the luma of colors is Pillow's", "[data][image]") {
  const image_reference all;
  const image from = all.picture("transform.luma.from");
  image to(from.width, from.height, 1);
  relreason::detail::convert_pixels(from.pixels.data(), 3, to.pixels.data(), 1, to.pixels.size());
  CHECK(to == all.picture("transform.luma.to"));
}

TEST_CASE("image_transform: floats are levels over 255", "[data][image]") {
  image from(2, 1, 1);
  from.pixels = {51, 255};
  float to[2];
  relreason::to_floats(from, to);
  CHECK((to[0] == 51.f / 255.f && to[1] == 1.f));
}

TEST_CASE("image_transform: augmentation is pad, crop and rotate, in one pass", "[data][image]") {
  image from = numbered(24, 20, 3);
  for (const int border : {0, 3, 8})
    for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
      const augmentation change{.border = border, .degrees = 2.8 + 2 * static_cast<double>(epoch), .seed = 3};
      const auto d = change.at(7, epoch);
      const image wanted = relreason::rotate(relreason::crop(relreason::pad(from, border), d.left, d.top, 24, 20), d.degrees);
      image found(24, 20, 3);
      change.apply(from, 7, epoch, found.pixels.data());
      INFO("border " << border << ", epoch " << epoch);
      CHECK(found == wanted);
      std::vector<float> floats(found.pixels.size()), wanted_floats(found.pixels.size());
      change.apply(from, d, floats.data());
      relreason::to_floats(wanted, wanted_floats.data());
      CHECK(floats == wanted_floats);
    }
}

TEST_CASE("image_transform: what a picture gets depends on seed, picture and epoch alone, and fills its range evenly", "[data][image]") {
  const augmentation change{.seed = 1};
  CHECK((change.at(5, 2).left == change.at(5, 2).left && change.at(5, 2).degrees == change.at(5, 2).degrees));
  CHECK(change.at(5, 2).degrees != change.at(5, 3).degrees);
  CHECK(change.at(5, 2).degrees != change.at(6, 2).degrees);
  CHECK(change.at(5, 2).degrees != augmentation{.seed = 2}.at(5, 2).degrees);
  constexpr int n = 17'000;
  std::vector<int> left(17), top(17);
  double low = 9, high = -9, sum = 0;
  for (int k = 0; k < n; ++k) {
    const auto d = change.at(static_cast<std::uint64_t>(k) % 100, static_cast<std::uint64_t>(k) / 100);
    REQUIRE((d.left >= 0 && d.left <= 16 && d.top >= 0 && d.top <= 16));
    ++left[static_cast<std::size_t>(d.left)];
    ++top[static_cast<std::size_t>(d.top)];
    low = std::min(low, d.degrees);
    high = std::max(high, d.degrees);
    sum += d.degrees;
  }
  // Each of 17 places is a binomial of mean 1,000 and deviation 31; five deviations.
  for (int i = 0; i < 17; ++i)
    CHECK((std::abs(left[static_cast<std::size_t>(i)] - 1000) < 155 && std::abs(top[static_cast<std::size_t>(i)] - 1000) < 155));
  CHECK((low >= -2.8 && low < -2.79 && high <= 2.8 && high > 2.79));
  CHECK(std::abs(sum / n) < 5 * 2.8 / std::sqrt(3. * n));  // the deviation of a mean of n uniform numbers
}

TEST_CASE("image_transform: settings that make no sense are refused", "[data][image]") {
  const image one(1, 1, 3);
  CHECK(contains(message_of([&] { relreason::pad(one, -1); }), "pad: found a border of -1 pixels"));
  CHECK(contains(message_of([&] { relreason::crop(one, 0, 0, 0, 1); }), "crop: found a size of 0 x 1"));
  CHECK(contains(message_of([&] { relreason::crop(image(), 0, 0, 1, 1); }), "crop: found a picture of 0 x 0 x 0"));
  CHECK(contains(message_of([&] { relreason::rotate(one, std::nan("")); }), "rotate: found an angle of "));
  CHECK(contains(message_of([&] { augmentation{.border = -1}.at(0, 0); }), "augmentation: found a border of -1 pixels"));
  CHECK(contains(message_of([&] { augmentation{.degrees = std::nan("")}.at(0, 0); }), "wanted 0 to 1048576 and 0 to 360"));
  float to[3];
  CHECK(contains(message_of([&] { augmentation{}.apply(image(), augmentation::draw{}, to); }), "augmentation: found a picture of 0 x 0 x 0"));
}
