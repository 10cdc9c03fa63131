// relreason/data/blocks_render.hpp -- pictures of the blocks world by ray casting: colors, and which block each pixel shows.
// One ray through the middle of every pixel; pixels at edges take more. The same picture for any number of threads. Compilers and flags may change
// a few pixels in a million: where they fuse multiplications and additions (-march=native, -ffast-math), and where they order them differently.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/blocks_shading.hpp"
#include "relreason/data/blocks_stage.hpp"
#include "relreason/data/image.hpp"

namespace relreason::blocks {

struct picture_options {
  int width = 480, height = 320;
  int channels = 3;      // 4: with an alpha of 255, as CLEVR's files
  double aspect = 1.5;   // of the view, whatever the size: 128 x 128 is a 480 x 320 squashed, as every reader of CLEVR resizes it
  int edge_samples = 8;  // rays of a pixel at an edge: 1, 4, 8 or 16
};

inline void check(const picture_options& o) {
  constexpr int most = 8192;
  const auto want = [](bool ok, const char* name, const auto& found, const char* wanted) {
    if (!ok) fail("blocks::render: ", name, " is ", found, "; wanted ", wanted);
  };
  want(o.width >= 1 && o.width <= most, "width", o.width, "1 to 8192 pixels");
  want(o.height >= 1 && o.height <= most, "height", o.height, "1 to 8192 pixels");
  want(o.channels == 3 || o.channels == 4, "channels", o.channels, "3 (RGB) or 4 (RGB and alpha)");
  want(o.aspect >= .1 && o.aspect <= 10, "aspect", o.aspect, "0.1 to 10");
  want(o.edge_samples == 1 || o.edge_samples == 4 || o.edge_samples == 8 || o.edge_samples == 16, "edge_samples", o.edge_samples, "1, 4, 8 or 16");
}

inline constexpr std::uint8_t no_block = 255;

// Which block each pixel's middle shows, by its place in the scene; no_block is the ground. Row by row.
struct block_map {
  int width = 0, height = 0;
  std::vector<std::uint8_t> ids;
  std::uint8_t at(int x, int y) const { return ids[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)]; }
};

// Pixels [left, right) x [top, bottom) that hold all seen of a block; n of them show it. Empty where n is 0.
struct block_box {
  int left = 0, top = 0, right = 0, bottom = 0, n = 0;
};

inline std::array<block_box, clevr::max_objects> boxes_of(const block_map& m) {
  std::array<block_box, clevr::max_objects> boxes{};
  for (int y = 0; y < m.height; ++y)
    for (int x = 0; x < m.width; ++x) {
      const std::uint8_t id = m.at(x, y);
      if (id >= boxes.size()) continue;
      block_box& b = boxes[id];
      b = b.n ? block_box{std::min(b.left, x), b.top, std::max(b.right, x + 1), y + 1, b.n + 1} : block_box{x, y, x + 1, y + 1, 1};
    }
  return boxes;
}

namespace detail {

// 8-bit sRGB of linear light, at 4,096 steps: below half a level everywhere but in the darkest few.
inline std::uint8_t encoded(float linear) {
  constexpr int steps = 4096;
  static const std::array<std::uint8_t, steps + 1> table = [] {
    std::array<std::uint8_t, steps + 1> t{};
    for (int i = 0; i <= steps; ++i) {
      const double v = static_cast<double>(i) / steps, s = v <= .0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - .055;
      t[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(s * 255 + .5);
    }
    return t;
  }();
  return table[static_cast<std::size_t>((linear > 0 ? std::min(linear, 1.f) : 0) * steps + .5f)];  // black where it is no number
}

struct spot {
  float x, y;
};

// Places within a pixel: no two share a row or a column of the n x n raster (4 and 8), or the 4 x 4 raster.
inline std::vector<spot> spots_within(int n) {
  constexpr std::array<int, 4> four{1, 3, 0, 2};
  constexpr std::array<int, 8> eight{2, 5, 0, 7, 3, 6, 1, 4};
  std::vector<spot> out;
  for (int i = 0; i < n; ++i) {
    const float step = n == 16 ? .25f : 1 / static_cast<float>(n);
    const int column = n == 16 ? i % 4 : i;
    const int row = n == 16 ? i / 4 : n == 8 ? eight[static_cast<std::size_t>(i)] : n == 4 ? four[static_cast<std::size_t>(i)] : 0;
    out.push_back({(static_cast<float>(column) + .5f) * step, (static_cast<float>(row) + .5f) * step});
  }
  return out;
}

// A field of the picture: the blocks that may be seen in it, and those that matter to its ground.
struct field {
  crowd seen = 0;
  neighbors ground;
};

struct sight {
  vec3 light;
  std::uint8_t id = no_block;
};

class caster {
 public:
  caster(const stage& s, const picture_options& o)
      : s_(s),
        light_(s),
        wide_((o.width + fields - 1) / fields),
        high_((o.height + fields - 1) / fields),
        across_(film / static_cast<float>(o.width)),
        down_(film / static_cast<float>(o.aspect) / static_cast<float>(o.height)),
        middle_down_(film / static_cast<float>(o.aspect) / 2) {
    for (int y = 0; y < fields; ++y)
      for (int x = 0; x < fields; ++x) fields_[static_cast<std::size_t>(y * fields + x)] = field_at(x, y);
  }

  // The light at a place of the picture, in pixels, within pixel (x, y).
  sight at(int x, int y, spot within) const {
    const ray r = ray_at(static_cast<float>(x) + within.x, static_cast<float>(y) + within.y);
    const field& f = field_of(x, y);
    const auto [id, m] = nearest(f.seen, r);
    if (id != no_block) return {light_.block(id, r.at(m.t), m.normal, r.along), id};
    if (r.along.z > horizon) return {s_.light.sky, id};
    return {light_.ground(r.at(-r.from.z / r.along.z), f.ground), id};
  }

  std::uint8_t id_at(int x, int y) const { return nearest(field_of(x, y).seen, ray_at(static_cast<float>(x) + .5f, static_cast<float>(y) + .5f)).id; }

 private:
  static constexpr int fields = 16;         // along each side
  static constexpr float film = 32.f / 35;  // width of the sensor over the focal length
  static constexpr float horizon = -1e-3f;

  struct seen_block {
    std::uint8_t id;
    meeting m;
  };

  ray ray_at(float x, float y) const {
    const vec3 d = s_.view.right * (x * across_ - film / 2) + s_.view.up * (middle_down_ - y * down_) - s_.view.back;
    return {s_.view.at, unit(d)};
  }

  seen_block nearest(crowd among, const ray& r) const {
    seen_block best{no_block, {std::numeric_limits<float>::max(), {}}};
    each_of(among, [&](std::size_t i) {
      if (!may_meet(s_.figures[i], r)) return;
      if (const meeting m = meet(s_.figures[i], r); m && m.t < best.m.t) best = {static_cast<std::uint8_t>(i), m};
    });
    return best;
  }

  const field& field_of(int x, int y) const { return fields_[static_cast<std::size_t>(y / high_ * fields + x / wide_)]; }

  field field_at(int x, int y) const {
    field f;
    const float left = static_cast<float>(x * wide_), right = left + static_cast<float>(wide_);
    const float top = static_cast<float>(y * high_), bottom = top + static_cast<float>(high_);
    for (std::size_t i = 0; i < s_.n; ++i)
      if (may_show(s_.figures[i], left, right, top, bottom)) f.seen |= static_cast<crowd>(1u << i);
    std::array<vec3, 4> corners;
    vec3 middle;
    for (std::size_t i = 0; i < corners.size(); ++i) {
      const ray r = ray_at(i & 1 ? right : left, i & 2 ? bottom : top);
      if (r.along.z > horizon) {
        f.ground = light_.everyone();
        return f;
      }
      corners[i] = r.at(-r.from.z / r.along.z);
      middle = middle + corners[i] * .25f;
    }
    float radius = 0;
    for (const vec3 c : corners) radius = std::max(radius, length(c - middle));
    f.ground = light_.around(middle, radius);
    return f;
  }

  // A sphere at depth z and distance d spans at most r d / (z^2 - r^2) on either side of its middle, in focal lengths.
  bool may_show(const figure& f, float left, float right, float top, float bottom) const {
    const vec3 o = f.middle - s_.view.at;
    const float depth = -dot(o, s_.view.back), r = f.around(), room = depth * depth - r * r;
    if (depth <= r) return depth > -r;
    const float reach = r * length(o) / room, x = dot(o, s_.view.right) / depth + film / 2, y = middle_down_ - dot(o, s_.view.up) / depth;
    return x + reach >= left * across_ && x - reach <= right * across_ && y + reach >= top * down_ && y - reach <= bottom * down_;
  }

  const stage& s_;
  lighting light_;
  int wide_, high_;                    // of a field, in pixels
  float across_, down_, middle_down_;  // of a pixel, and of the picture's middle, in focal lengths
  std::array<field, fields * fields> fields_;
};

inline float brightness(vec3 v) { return std::sqrt(std::clamp(.3f * v.x + .6f * v.y + .1f * v.z, 0.f, 1.f)); }

// Whether two neighboring pixels differ so much that an edge lies between them: another block, or 4 % of the brightest.
inline bool edge_between(const sight& a, const sight& b) {
  constexpr float step = .04f;
  return a.id != b.id || std::abs(brightness(a.light) - brightness(b.light)) > step;
}

inline vec3 clipped(vec3 v) { return {std::min(v.x, 1.f), std::min(v.y, 1.f), std::min(v.z, 1.f)}; }

}  // namespace detail

inline image render(const stage& s, const picture_options& o = {}) {
  check(o);
  const detail::caster cast(s, o);
  const auto width = static_cast<std::size_t>(o.width), height = static_cast<std::size_t>(o.height);
  std::vector<detail::sight> first(width * height);
  for (int y = 0; y < o.height; ++y)
    for (int x = 0; x < o.width; ++x) first[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)] = cast.at(x, y, {.5f, .5f});
  const auto spots = detail::spots_within(o.edge_samples);
  image out(o.width, o.height, o.channels);
  for (int y = 0; y < o.height; ++y)
    for (int x = 0; x < o.width; ++x) {
      const detail::sight* here = &first[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)];
      vec3 light = here->light;
      const bool at_edge = (x > 0 && detail::edge_between(*here, here[-1])) || (x + 1 < o.width && detail::edge_between(*here, here[1])) ||
                           (y > 0 && detail::edge_between(*here, *(here - width))) || (y + 1 < o.height && detail::edge_between(*here, here[width]));
      if (at_edge) {
        light = {};
        for (const detail::spot p : spots) light = light + detail::clipped(cast.at(x, y, p).light) * (1 / static_cast<float>(spots.size()));
      }
      std::uint8_t* to = out.at(x, y);
      to[0] = detail::encoded(light.x), to[1] = detail::encoded(light.y), to[2] = detail::encoded(light.z);
      if (o.channels == 4) to[3] = 255;
    }
  return out;
}

inline block_map render_ids(const stage& s, const picture_options& o = {}) {
  check(o);
  const detail::caster cast(s, o);
  block_map m{o.width, o.height, {}};
  for (int y = 0; y < o.height; ++y)
    for (int x = 0; x < o.width; ++x) m.ids.push_back(cast.id_at(x, y));
  return m;
}

}  // namespace relreason::blocks
