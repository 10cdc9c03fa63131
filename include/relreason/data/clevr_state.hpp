// relreason/data/clevr_state.hpp -- a scene's objects as rows of numbers, the input of the state-description networks.
// Source: ordinal7 as mesnico/RelationNetworks-CLEVR; rgb_one_hot after the words of Santoro et al. 2017, Sec. 3.1, whose exact coding is not given.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::clevr {

inline constexpr int state_slots = 12;  // rows of a padded scene; CLEVR has at most 10 objects, so two rows or more are zero

// Red, green, blue of clevr::colors, 0..255; gen/properties.json of the public generator.
inline constexpr std::array<std::array<int, 3>, 8> color_rgb{
    {{41, 208, 208}, {42, 75, 215}, {255, 238, 51}, {129, 38, 192}, {173, 35, 35}, {29, 105, 20}, {87, 87, 87}, {129, 74, 25}}};

// [x, y, z, color, material, shape, size], ids from 1, not scaled.
struct ordinal7 {
  static constexpr int width = 7;
  static constexpr std::string_view name = "ordinal7";
  static std::array<float, width> encode(const object& o) {
    const auto id = [&](attribute a) { return static_cast<float>(o.attributes[a] + 1); };
    const auto x = [&](std::size_t i) { return static_cast<float>(o.position[i]); };
    return {x(0), x(1), x(2), id(color), id(material), id(shape), id(size)};
  }
};

// [x, y, z, r, g, b in 0..1, sphere, cube, cylinder, rubber, metal, large, small].
struct rgb_one_hot {
  static constexpr int width = 13;
  static constexpr std::string_view name = "rgb_one_hot";
  static std::array<float, width> encode(const object& o) {
    std::array<float, width> row{};
    for (std::size_t i = 0; i < 3; ++i) row[i] = static_cast<float>(o.position[i]);
    for (std::size_t i = 0; i < 3; ++i) row[3 + i] = static_cast<float>(color_rgb[o.attributes[color]][i]) / 255.0f;
    row[6u + o.attributes[shape]] = 1;
    row[9u + o.attributes[material]] = 1;
    row[11u + o.attributes[size]] = 1;
    return row;
  }
};

// One row per object, in the scene's order, packed.    out: (objects, Encoder::width)
template <class Encoder>
void encode_state(const scene& s, std::span<float> out) {
  const std::size_t wanted = s.objects.size() * Encoder::width;
  if (s.objects.size() > static_cast<std::size_t>(state_slots))
    fail("clevr::encode_state: scene ", s.image_index, " has ", s.objects.size(), " objects, wanted at most the ", state_slots, " slots");
  if (out.size() < wanted) fail("clevr::encode_state: scene ", s.image_index, ": found room for ", out.size(), " numbers, wanted ", wanted);
  std::size_t at = 0;
  for (const object& o : s.objects)
    for (const float x : Encoder::encode(o)) out[at++] = x;
}

// The same with zero rows up to state_slots.
template <class Encoder>
std::array<float, std::size_t{state_slots} * Encoder::width> padded_state(const scene& s) {
  std::array<float, std::size_t{state_slots} * Encoder::width> rows{};
  encode_state<Encoder>(s, rows);
  return rows;
}

}  // namespace relreason::clevr
