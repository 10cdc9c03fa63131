// tests/data/clevr_state.test.cpp -- objects as rows of numbers.
#include "relreason/data/clevr_state.hpp"

#include <array>
#include <vector>

#include "catch.hpp"
#include "relreason/data/clevr_files.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

namespace clevr = relreason::clevr;

namespace {

// A small yellow metal sphere.
clevr::object yellow_sphere() {
  clevr::object o;
  o.position = {1.5, -2.25, 0.5};
  o.attributes = {1, 2, 1, 0};
  return o;
}

}  // namespace

TEST_CASE("clevr_state: ordinal7 is x, y, z, color, material, shape, size from 1", "[data][clevr]") {
  REQUIRE(clevr::ordinal7::encode(yellow_sphere()) == std::array<float, 7>{1.5f, -2.25f, 0.5f, 3, 2, 1, 2});
}

TEST_CASE("clevr_state: rgb_one_hot is x, y, z, color, then shape, material and size one-hot", "[data][clevr]") {
  REQUIRE(clevr::rgb_one_hot::encode(yellow_sphere()) ==
          std::array<float, 13>{1.5f, -2.25f, 0.5f, 1, 238 / 255.0f, 51 / 255.0f, 1, 0, 0, 0, 1, 0, 1});
}

TEST_CASE("clevr_state: rows beyond the objects are zero", "[data][clevr]") {
  clevr::scene s;
  REQUIRE(clevr::padded_state<clevr::ordinal7>(s) == std::array<float, 84>{});
  s.objects = {clevr::object{}, yellow_sphere()};
  const auto rows = clevr::padded_state<clevr::ordinal7>(s);
  REQUIRE(rows[7 + 3] == 3);
  for (std::size_t i = 14; i < rows.size(); ++i) REQUIRE(rows[i] == 0);
}

TEST_CASE("clevr_state: too many objects and too little room are errors", "[data][clevr]") {
  clevr::scene s;
  s.image_index = 4;
  s.objects.resize(13);
  std::vector<float> out(1000);
  REQUIRE(contains(message_of([&] { clevr::encode_state<clevr::ordinal7>(s, out); }), "scene 4 has 13 objects, wanted at most the 12 slots"));
  s.objects.resize(12);
  out.resize(83);
  REQUIRE(contains(message_of([&] { clevr::encode_state<clevr::ordinal7>(s, out); }), "scene 4: found room for 83 numbers, wanted 84"));
  out.resize(84);
  REQUIRE(message_of([&] { clevr::encode_state<clevr::ordinal7>(s, out); }).empty());
}

TEST_CASE("clevr_state: object 0 of CLEVR_val_000000 is as in the authors' code", "[data][clevr]") {
  if (const auto path = shared_data("clevr/scenes/CLEVR_val_scenes_first33.json.gz")) {
    const auto row = clevr::ordinal7::encode(clevr::read_scenes(*path).front().objects.front());
    constexpr double half_a_digit = 5e-6;  // the row is published with five decimals
    const double wanted[] = {-1.49372, -1.99360, 0.70000, 8, 1, 3, 1};
    for (std::size_t i = 0; i < 7; ++i) REQUIRE(row[i] == Approx(wanted[i]).margin(half_a_digit).epsilon(0));
  }
}
