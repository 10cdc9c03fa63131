// relreason/data/blocks_stage.hpp -- what a picture of the blocks world is taken of: blocks with colors and materials, lamps, the camera.
// Source: facebookresearch/clevr-dataset-gen, base_scene.blend and properties.json: colors are used as linear albedos; key, fill and back lamp
// are moved by up to 1 along each axis, scene by scene. Powers and the fourth lamp were fitted to released pictures (docs/blocks_world.md).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>

#include "relreason/core/error.hpp"
#include "relreason/data/blocks_camera.hpp"
#include "relreason/data/blocks_random.hpp"
#include "relreason/data/blocks_scenes.hpp"
#include "relreason/data/blocks_shadow.hpp"
#include "relreason/data/blocks_solids.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

inline constexpr std::size_t n_lamps = 4;  // key, fill, back, and one far above that never moves

// Everything about the pictures that is no geometry. Lengths in CLEVR units, light linear: 1 is the brightest that a picture shows.
struct studio {
  std::array<lamp, n_lamps> lamps;
  vec3 sky;                                            // radiance from above
  vec3 around;                                         // irradiance without direction, for what lamps and one bounce leave out
  float ground = 0;                                    // albedo
  float bounce = 0;                                    // how much of the ground's light reaches blocks, against a wide bare ground
  float matte = 0, sheen = 0;                          // of rubber: what it reflects in its color, and white
  float mirror = 0;                                    // of metal: what it reflects
  float glare = 0, glare_width = 0, glare_length = 0;  // of metal: the halo around a lamp's image; sines of half its angles
};

inline studio clevr_studio() {
  studio s;
  const auto set = [&](std::size_t i, vec3 at, vec3 towards, vec3 power, float radius) { s.lamps[i] = {at, unit(towards - at), power, radius}; };
  set(0, {6.44671f, -2.90517f, 4.2584f}, {0, .77f, 0}, {7.63f, 6.79f, 5.97f}, .4f);
  set(1, {-4.67112f, -4.0136f, 3.01122f}, {-1.2f, -1.5f, 0}, {1.18f, 1.28f, 1.8f}, .5f);
  set(2, {-1.1685f, 2.64602f, 5.81574f}, {-1.25f, -2.2f, 0}, {4.82f, 4.91f, 4.89f}, .55f);
  set(3, {10.51f, -5.63f, 19.7f}, {0, 0, 0}, {18.4f, 17.4f, 17.3f}, 1.6f);
  s.around = {.1775f, .1785f, .1773f};
  s.sky = {.06f, .061f, .062f};
  s.ground = .7f, s.bounce = 1.01f;
  s.matte = .782f, s.sheen = .0124f;
  s.mirror = .94f, s.glare = 5.28f, s.glare_width = .113f, s.glare_length = .21f;
  return s;
}

// The camera in floating point: rays come from integers that are the same everywhere.
struct eye {
  vec3 at, right, up, back;
};

inline eye eye_of(const camera& k) {
  const auto axis = [&](std::size_t i) {
    const auto in_units = [&](std::size_t c) { return static_cast<float>(static_cast<double>(k.axes[i][c]) * 0x1p-30); };
    return vec3{in_units(0), in_units(1), in_units(2)};
  };
  const auto units = [](micro v) { return static_cast<float>(static_cast<double>(v) / 1e6); };
  return {{units(k.at.x), units(k.at.y), units(k.at.z)}, axis(0), axis(1), axis(2)};
}

struct stage {
  eye view;
  studio light;
  std::array<figure, clevr::max_objects> figures;
  std::size_t n = 0;
};

namespace detail {

// By id in clevr::colors: cyan blue yellow purple red green gray brown; 8-bit values of properties.json.
inline vec3 color_of(std::size_t id) {
  constexpr std::array<std::array<int, 3>, 8> rgb{
      {{41, 208, 208}, {42, 75, 215}, {255, 238, 51}, {129, 38, 192}, {173, 35, 35}, {29, 105, 20}, {87, 87, 87}, {129, 74, 25}}};
  const auto& c = rgb.at(id);
  return {static_cast<float>(c[0]) / 255, static_cast<float>(c[1]) / 255, static_cast<float>(c[2]) / 255};
}

inline figure figure_of(const std::array<std::uint8_t, 4>& attributes, vec3 at, float cosine, float sine) {
  figure f;
  f.shape = static_cast<form>(attributes[clevr::shape]);
  f.metal = attributes[clevr::material] == 1;
  f.color = color_of(attributes[clevr::color]);
  f.radius = static_cast<float>(static_cast<double>(radii.at(attributes[clevr::size])) / 1e6);
  f.middle = {at.x, at.y, f.radius};
  f.cosine = cosine, f.sine = sine;
  return f;
}

inline float in_units(micro v) { return static_cast<float>(static_cast<double>(v) / 1e6); }

}  // namespace detail

// The lamps of scene `index`, moved by up to 1 along each axis; they shine towards where they always did.
inline studio jittered_studio(std::uint64_t seed, std::string_view split, int index) {
  studio s = clevr_studio();
  draws random(seed, stream_for("blocks world, lamps", split, index));
  const auto jitter = [&] { return detail::in_units(random.below(static_cast<int>(2 * one + 1)) - one); };
  for (std::size_t i = 0; i < 3; ++i) {
    const float x = jitter(), y = jitter(), z = jitter();
    s.lamps[i].at = s.lamps[i].at + vec3{x, y, z};
  }
  return s;
}

inline stage stage_of(const layout& l, const studio& light) {
  stage s{eye_of(l.view), light, {}, static_cast<std::size_t>(l.n)};
  for (std::size_t i = 0; i < s.n; ++i) {
    const block& b = l.blocks[i];
    const micro quarter = 90 * one, turn = (b.rotation % quarter + quarter + quarter / 2) % quarter - quarter / 2;
    const auto [sine, cosine] = detail::of_angle(turn);  // blocks look the same after a quarter turn
    s.figures[i] =
        detail::figure_of(b.attributes, {detail::in_units(b.x), detail::in_units(b.y), 0}, detail::in_units(cosine), detail::in_units(sine));
  }
  return s;
}

// Scene `index` of a split, as make_scene(o, index) describes it.
inline stage make_stage(const options& o, int index) { return stage_of(make_layout(o, index), jittered_studio(o.seed, o.split, index)); }

enum class turn_in { degrees, radians };  // released CLEVR files hold degrees that were rendered as radians

// A scene read from a file. Files keep no camera: unless given it is CLEVR's, unmoved.
inline stage stage_of(const clevr::scene& from, turn_in unit_of_turn, const studio& light = clevr_studio(),
                      const camera& view = look_at_origin({7'481'130, -6'507'640, 5'343'670})) {
  if (from.objects.size() > static_cast<std::size_t>(clevr::max_objects))
    fail("blocks::stage_of: scene ", from.image_index, " has ", from.objects.size(), " objects; wanted at most ", clevr::max_objects);
  stage s{eye_of(view), light, {}, from.objects.size()};
  for (std::size_t i = 0; i < s.n; ++i) {
    const clevr::object& o = from.objects[i];
    constexpr double far = 100;
    for (const double v : {o.position[0], o.position[1], o.rotation / 1e4})
      if (!(std::abs(v) <= far))
        fail("blocks::stage_of: scene ", from.image_index, ", object ", i, ": found place or rotation ", v, "; wanted a small number");
    const double turn = unit_of_turn == turn_in::degrees ? o.rotation * std::numbers::pi / 180 : o.rotation;
    const vec3 at{static_cast<float>(o.position[0]), static_cast<float>(o.position[1]), 0};
    s.figures[i] = detail::figure_of(o.attributes, at, static_cast<float>(std::cos(turn)), static_cast<float>(std::sin(turn)));
  }
  return s;
}

}  // namespace relreason::blocks
