// relreason/data/blocks_scenes.hpp -- random scenes of the blocks world, by CLEVR's sampling, margins and visibility rule.
// Source: facebookresearch/clevr-dataset-gen, render_images.py (add_random_objects, compute_all_relationships). Differs: the rotation is the
// rendered one, in degrees; an offset of exactly 0 along a direction is refused too. All decisions are made in integers (blocks_camera.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/blocks_camera.hpp"
#include "relreason/data/blocks_random.hpp"
#include "relreason/data/blocks_visibility.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

// CLEVR-CoGenT: in A cubes are gray, blue, brown or yellow and cylinders the other four; in B the other way round; spheres any.
enum class cogent : std::uint8_t { none, a, b };

struct options {
  std::uint64_t seed = 1;
  std::string split = "train";
  int n_scenes = 0;
  int questions_per_scene = 10;
  int min_objects = 3, max_objects = clevr::max_objects;
  cogent variant = cogent::none;
};

inline void check(const options& o) {
  constexpr int most_scenes = 10'000'000, most_questions = 90;
  const auto want = [](bool ok, const char* name, const auto& found, const char* wanted) {
    if (!ok) fail("blocks world: ", name, " is ", found, "; wanted ", wanted);
  };
  want(o.n_scenes >= 0 && o.n_scenes <= most_scenes, "n_scenes", o.n_scenes, "0 to 10,000,000");
  want(o.questions_per_scene >= 0 && o.questions_per_scene <= most_questions, "questions_per_scene", o.questions_per_scene, "0 to 90");
  want(o.min_objects >= 1 && o.min_objects <= o.max_objects, "min_objects", o.min_objects, "1 to max_objects");
  want(o.max_objects <= clevr::max_objects, "max_objects", o.max_objects, "at most 10");
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  want(!o.split.empty() && std::all_of(o.split.begin(), o.split.end(), plain), "split", "\"" + o.split + "\"",
       "letters, digits and _ only, such as train");
}

// The ground directions that every CLEVR scene stores, in 1e-9; left and front are their negatives.
inline constexpr std::array<std::int64_t, 2> right_direction{656'311'274, 754'490'256}, behind_direction{-754'490'316, 656'311'274};

inline constexpr micro edge = 3 * one;                          // x and y lie in [-3, 3]
inline constexpr micro gap = one / 4;                           // between the discs of two blocks
inline constexpr micro margin = 2 * one / 5;                    // between two blocks along either direction
inline constexpr micro relation_threshold = one / 5;            // an offset beyond it is a relation
inline constexpr std::array<micro, 2> radii{700'000, 350'000};  // by id in clevr::sizes
inline constexpr int fewest_pixels = 200;
inline constexpr int tries_per_block = 50;

// d . direction in 1e-15
inline std::int64_t offset(const std::array<std::int64_t, 2>& direction, micro dx, micro dy) { return direction[0] * dx + direction[1] * dy; }

struct block {
  std::array<std::uint8_t, 4> attributes{};  // ids by clevr::attribute
  micro x = 0, y = 0;
  micro rotation = 0;  // 1e-6 degrees
  micro radius() const { return radii[attributes[clevr::size]]; }
  blocks::solid solid() const { return {{x, y, radius()}, radius(), rotation, attributes[clevr::shape]}; }
};

struct layout {
  camera view;
  std::array<block, clevr::max_objects> blocks;
  int n = 0;
};

namespace detail {

// |p - q| >= r + r' + 0.25, and apart by 0.4 along both directions.
inline bool far_enough(const block& p, const block& q) {
  const micro dx = p.x - q.x, dy = p.y - q.y, least = p.radius() + q.radius() + gap;
  constexpr std::int64_t wanted = margin * 1'000'000'000;
  return std::abs(offset(right_direction, dx, dy)) >= wanted && std::abs(offset(behind_direction, dx, dy)) >= wanted &&
         dx * dx + dy * dy >= least * least;
}

inline bool place(layout& l, draws& random) {
  block& b = l.blocks[static_cast<std::size_t>(l.n)];
  for (int i = 0; i < tries_per_block; ++i) {
    b.x = random.below(static_cast<int>(2 * edge + 1)) - edge;
    b.y = random.below(static_cast<int>(2 * edge + 1)) - edge;
    const auto before = l.blocks.begin();
    if (std::all_of(before, before + l.n, [&](const block& other) { return far_enough(b, other); })) return true;
  }
  return false;
}

inline std::uint8_t random_color(cogent variant, std::uint8_t shape, draws& random) {
  constexpr std::array<std::array<std::uint8_t, 4>, 2> groups{{{6, 1, 7, 2}, {4, 5, 3, 0}}};  // gray blue brown yellow; red green purple cyan
  constexpr int cube = 1, sphere = 0;
  if (variant == cogent::none || shape == sphere) return static_cast<std::uint8_t>(random.below(8));
  return groups[(shape == cube) == (variant == cogent::a) ? 0 : 1][static_cast<std::size_t>(random.below(4))];
}

inline bool place_all(layout& l, int n, cogent variant, draws& random) {
  for (l.n = 0; l.n < n; ++l.n) {
    block& b = l.blocks[static_cast<std::size_t>(l.n)];
    b.attributes[clevr::size] = static_cast<std::uint8_t>(random.below(2));
    if (!place(l, random)) return false;
    b.attributes[clevr::shape] = static_cast<std::uint8_t>(random.below(3));
    b.attributes[clevr::color] = random_color(variant, b.attributes[clevr::shape], random);
    b.rotation = random.below(static_cast<int>(360 * one));
    b.attributes[clevr::material] = static_cast<std::uint8_t>(random.below(2));
  }
  return true;
}

inline bool all_visible(const layout& l) {
  std::array<solid, clevr::max_objects> solids;
  for (std::size_t i = 0; i < solids.size(); ++i) solids[i] = l.blocks[i].solid();
  const auto n = visible_pixels(l.view, {solids.data(), static_cast<std::size_t>(l.n)});
  return std::all_of(n.begin(), n.begin() + l.n, [](int pixels) { return pixels >= fewest_pixels; });
}

}  // namespace detail

// Number of blocks, then the camera, then blocks until all stand apart and all can be seen.
inline layout make_layout(const options& o, int index) {
  draws random(o.seed, stream_for("blocks world, scene", o.split, index));
  layout l;
  const int n = o.min_objects + random.below(o.max_objects - o.min_objects + 1);
  const auto jitter = [&] { return random.below(static_cast<int>(one + 1)) - one / 2; };
  const micro x = 7'481'130 + jitter(), y = -6'507'640 + jitter(), z = 5'343'670 + jitter();
  l.view = look_at_origin({x, y, z});
  while (!detail::place_all(l, n, o.variant, random) || !detail::all_visible(l)) {}
  return l;
}

// related[r][i]: the j with (p_j - p_i) . direction_r > 0.2, from positions in 1e-6.
inline void relate(clevr::scene& s) {
  const std::size_t n = s.objects.size();
  constexpr std::int64_t wanted = relation_threshold * 1'000'000'000;
  for (auto& r : s.related) r.assign(n, {});
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const auto &p = s.objects[i].position, &q = s.objects[j].position;
      const micro dx = std::llround(q[0] * 1e6) - std::llround(p[0] * 1e6), dy = std::llround(q[1] * 1e6) - std::llround(p[1] * 1e6);
      const std::int64_t right = offset(right_direction, dx, dy), behind = offset(behind_direction, dx, dy);
      if (right > wanted) s.related[clevr::right][i].push_back(static_cast<int>(j));
      if (-right > wanted) s.related[clevr::left][i].push_back(static_cast<int>(j));
      if (behind > wanted) s.related[clevr::behind][i].push_back(static_cast<int>(j));
      if (-behind > wanted) s.related[clevr::front][i].push_back(static_cast<int>(j));
    }
}

// left, right, front, behind, above and below, as a scene file lists them; the first four lie on the ground.
inline std::array<std::array<double, 3>, 6> stored_directions() {
  const auto ground = [](const std::array<std::int64_t, 2>& d, int sign) {
    return std::array<double, 3>{static_cast<double>(sign * d[0]) / 1e9, static_cast<double>(sign * d[1]) / 1e9, 0};
  };
  return {ground(right_direction, -1), ground(right_direction, 1), ground(behind_direction, -1), ground(behind_direction, 1), {0, 0, 1}, {0, 0, -1}};
}

// CLEVR_val_000012.png
inline std::string image_filename(const std::string& split, int index) {
  char number[16];
  std::snprintf(number, sizeof number, "%06d", index);
  return "CLEVR_" + split + "_" + number + ".png";
}

// The layout as a scene of CLEVR: positions in units, pixels of the published image size, relations and directions.
inline clevr::scene scene_of(const layout& l) {
  const auto units = [](micro v) { return static_cast<double>(v) / 1e6; };
  clevr::scene s;
  s.directions = stored_directions();
  for (int i = 0; i < l.n; ++i) {
    const block& b = l.blocks[static_cast<std::size_t>(i)];
    const point at = seen(l.view, b.solid().middle);
    const image_place place = in_image(at, stored_image);
    clevr::object& o = s.objects.emplace_back();
    o.attributes = b.attributes;
    o.position = {units(b.x), units(b.y), units(b.radius())};
    o.pixel = {static_cast<double>(nearest_pixel(place.x)), static_cast<double>(nearest_pixel(place.y)), units(at.z)};
    o.rotation = units(b.rotation);
  }
  relate(s);
  return s;
}

// Scene `index` of a split; a function of seed, split, index and the options on objects, nothing else.
inline clevr::scene make_scene(const options& o, int index) {
  clevr::scene s = scene_of(make_layout(o, index));
  s.image_index = index;
  s.split = o.split;
  s.image_filename = image_filename(o.split, index);
  return s;
}

}  // namespace relreason::blocks
