// relreason/report/report_svg.hpp -- scenes of blocks drawn as SVG, with lines for the pairs of objects that a network used.
// Source: camera and colors of CLEVR's generator (Johnson et al., CVPR 2017): 480 x 320 pixels, f = 525 pixels, camera at (7.48, -6.51, 5.34).
// Each object is drawn in weak perspective around its own pixel, since the jittered camera of a scene is not stored with it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/report/report_text.hpp"

namespace relreason::report {

// "large red metal sphere"
inline std::string words_of(const clevr::object& o) {
  using namespace clevr;
  return std::string(sizes[o.attributes[attribute::size]]) + " " + std::string(colors[o.attributes[color]]) + " " +
         std::string(materials[o.attributes[material]]) + " " + std::string(shapes[o.attributes[shape]]);
}

// A pair of objects, a <= b, in both orders together. times_equal is its share over what it would have if all n * n ordered pairs were of one size.
struct pair_use {
  int a = 0, b = 0;
  double share = 0, times_equal = 0;
};

// Of n x n sizes of ordered pairs; what is negative or not finite counts as nothing. The most used first.
inline std::vector<pair_use> pairs_of(const std::vector<double>& sizes, int n) {
  const auto size = [&](int a, int b) {
    const double v = sizes[static_cast<std::size_t>(a * n + b)];
    return std::isfinite(v) && v > 0 ? v : 0;
  };
  std::vector<pair_use> out;
  double largest = 0, sum = 0;
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b) largest = std::max(largest, size(a, b));
  if (largest == 0) largest = 1;
  for (int a = 0; a < n; ++a)
    for (int b = a; b < n; ++b) {
      out.push_back({a, b, size(a, b) / largest + (a < b ? size(b, a) / largest : 0)});
      sum += out.back().share;
    }
  for (auto& p : out) {
    p.share = sum > 0 ? p.share / sum : 0;
    p.times_equal = p.share * n * n / (p.a < p.b ? 2 : 1);
  }
  std::stable_sort(out.begin(), out.end(), [](const pair_use& x, const pair_use& y) { return x.times_equal > y.times_equal; });
  return out;
}

namespace detail {

struct rgb {
  int red, green, blue;
};
inline constexpr std::array<rgb, 8> block_colors{{// in the order of clevr::colors
                                                  {41, 208, 208},
                                                  {42, 75, 215},
                                                  {255, 238, 51},
                                                  {129, 38, 192},
                                                  {173, 35, 35},
                                                  {29, 105, 20},
                                                  {87, 87, 87},
                                                  {129, 74, 25}}};

// amount 1: white, 0: the color itself, -1: black.
inline std::string shade(rgb c, double amount) {
  const auto mix = [&](int v) { return static_cast<int>(std::lround(amount > 0 ? v + (255 - v) * amount : v * (1 + amount))); };
  return format("#%02x%02x%02x", mix(c.red), mix(c.green), mix(c.blue));
}

// Camera axes on the picture: right = (right_x, right_y, 0); one unit up in the world is up_z up on the picture,
// a unit away on the ground is away_y up on it.
inline constexpr double right_x = .656311, right_y = .754490, up_z = .880, away_y = .474;

struct placed {
  double x, y, r;  // pixels
};
inline placed place_of(const clevr::object& o) {
  const double world = o.attributes[clevr::attribute::size] == 0 ? .7 : .35;
  const double depth = std::isfinite(o.pixel[2]) && o.pixel[2] > 1 ? o.pixel[2] : 11;
  const auto inside = [](double v, double most) { return std::isfinite(v) ? std::clamp(v, 0., most) : most / 2; };
  return {inside(o.pixel[0], 480), inside(o.pixel[1], 320), std::clamp(525 * world / depth, 6., 80.)};
}

inline std::string cube_svg(const placed& p, double degrees, rgb c, bool metal) {
  const double yaw = (std::isfinite(degrees) ? std::fmod(degrees, 360) : 0.) * 3.14159265358979 / 180;
  std::array<std::array<double, 2>, 4> ground;  // the square's corners: right and away, in pixels
  for (std::size_t k = 0; k < 4; ++k) {
    const double angle = yaw + (2 * static_cast<double>(k) + 1) * 3.14159265358979 / 4, x = std::cos(angle) * 1.41421356,
                 y = std::sin(angle) * 1.41421356;
    ground[k] = {p.r * (x * right_x + y * right_y), p.r * (-x * right_y + y * right_x)};
  }
  const auto corner = [&](std::size_t k, double height) {
    return format("%.1f,%.1f ", p.x + ground[k % 4][0], p.y - away_y * ground[k % 4][1] - up_z * height * p.r);
  };
  std::string out;
  for (std::size_t k = 0; k < 4; ++k) {  // a side is seen where its middle is nearer than the cube's
    const double away = ground[k][1] + ground[(k + 1) % 4][1], side = ground[k][0] + ground[(k + 1) % 4][0];
    if (away >= 0) continue;
    const double light = metal ? .3 * side / (2 * p.r) - .1 : .16 * side / (2 * p.r) - .22;
    out += "<polygon points=\"" + corner(k, 1) + corner(k + 1, 1) + corner(k + 1, -1) + corner(k, -1) + "\" fill=\"" + shade(c, light) + "\"/>";
  }
  out += "<polygon points=\"" + corner(0, 1) + corner(1, 1) + corner(2, 1) + corner(3, 1) + "\" fill=\"" + shade(c, metal ? .42 : .14) + "\"/>";
  if (metal)  // the light's reflection runs along the upper edge
    out += "<polygon points=\"" + corner(0, 1) + corner(1, 1) + corner(2, 1) + corner(3, 1) +
           "\" fill=\"none\" stroke=\"#fff\" stroke-opacity=\".55\" stroke-width=\"1.2\" stroke-linejoin=\"round\"/>";
  return out;
}

inline std::string cylinder_svg(const placed& p, const std::string& fill, rgb c, bool metal) {
  const double h = up_z * p.r, e = away_y * p.r;
  return format("<path d=\"M%.1f %.1fv%.1fa%.1f %.1f 0 0 0 %.1f 0v%.1fz\" fill=\"url(#", p.x - p.r, p.y - h, 2 * h, p.r, e, 2 * p.r, -2 * h) + fill +
         format("c)\"/><ellipse cx=\"%.1f\" cy=\"%.1f\" rx=\"%.1f\" ry=\"%.1f\" fill=\"", p.x, p.y - h, p.r, e) + shade(c, metal ? .45 : .16) + "\"" +
         (metal ? " stroke=\"#fff\" stroke-opacity=\".5\"/>" : "/>");
}

inline std::string object_svg(const clevr::object& o, int number) {
  const auto p = place_of(o);
  const auto color = o.attributes[clevr::color];
  const bool metal = o.attributes[clevr::material] == 1;
  const std::string fill = format("b%d%c", static_cast<int>(color), metal ? 'm' : 'r');
  std::string out = "<g><title>" + std::to_string(number) + ": " + words_of(o) + "</title>";
  out += format("<ellipse cx=\"%.1f\" cy=\"%.1f\" rx=\"%.1f\" ry=\"%.1f\" fill=\"#000\" fill-opacity=\".16\"/>", p.x + .12 * p.r, p.y + .8 * p.r,
                1.2 * p.r, .58 * p.r);
  const auto shape = o.attributes[clevr::shape];
  if (shape == 0) out += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"url(#", p.x, p.y, p.r) + fill + "s)\"/>";
  else if (shape == 1) out += cube_svg(p, o.rotation, block_colors[color], metal);
  else out += cylinder_svg(p, fill, block_colors[color], metal);
  return out + "</g>";
}

// A line between two objects or a ring around one: faint at an equal share, of full strength from three times that on. The strongest lie on top.
inline std::string pairs_svg(const clevr::scene& s, const std::vector<pair_use>& pairs) {
  std::string out;
  for (auto use = pairs.rbegin(); use != pairs.rend(); ++use) {
    const double strength = std::min(1., use->times_equal / 3);
    if (strength < .1) continue;  // thinner than can be seen
    const auto p = place_of(s.objects[static_cast<std::size_t>(use->a)]), q = place_of(s.objects[static_cast<std::size_t>(use->b)]);
    const std::string look = format(" class=\"pair\" data-pair=\"%d-%d\" stroke-width=\"%.2f\" stroke-opacity=\"%.2f\"", use->a, use->b,
                                    1 + 3.5 * strength * strength, .2 + .75 * strength);
    if (use->a == use->b) out += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", p.x, p.y, p.r + 5) + look + "/>";
    else out += format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"", p.x, p.y, q.x, q.y) + look + "/>";
  }
  return out;
}

}  // namespace detail

// Gradients that every scene of the page uses; stands in the page once.
inline std::string scene_gradients() {
  std::string out = "<svg class=\"hidden\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>";
  const auto stops = [](std::initializer_list<std::pair<double, std::string>> all) {
    std::string text;
    for (const auto& [at, color] : all) text += format("<stop offset=\"%.2f\" stop-color=\"", at) + color + "\"/>";
    return text;
  };
  for (std::size_t c = 0; c < 8; ++c) {
    const auto color = detail::block_colors[c];
    const auto tone = [&](double amount) { return detail::shade(color, amount); };
    const int k = static_cast<int>(c);
    out += format("<radialGradient id=\"b%drs\" cx=\".4\" cy=\".32\" r=\".75\">", k) + stops({{0, tone(.22)}, {.5, tone(0)}, {1, tone(-.42)}}) +
           "</radialGradient>";
    out += format("<radialGradient id=\"b%dms\" cx=\".36\" cy=\".28\" r=\".82\">", k) +
           stops({{0, "#ffffff"}, {.13, tone(.72)}, {.36, tone(.1)}, {.78, tone(-.5)}, {1, tone(.12)}}) + "</radialGradient>";
    out += format("<linearGradient id=\"b%drc\">", k) + stops({{0, tone(-.12)}, {.35, tone(.04)}, {1, tone(-.42)}}) + "</linearGradient>";
    out += format("<linearGradient id=\"b%dmc\">", k) +
           stops({{0, tone(-.35)}, {.2, tone(.1)}, {.32, tone(.78)}, {.44, tone(.12)}, {.8, tone(-.48)}, {1, tone(.05)}}) + "</linearGradient>";
  }
  out += "<linearGradient id=\"floor\" x2=\"0\" y2=\"1\">" + stops({{0, "#aeb1b5"}, {.45, "#c9cbcd"}, {1, "#dcdddd"}}) + "</linearGradient>";
  return out + "</defs></svg>\n";
}

// Far objects first, then the lines of the pairs, then the objects' numbers (from 1, in the order of the file).
inline std::string scene_svg(const clevr::scene& s, const std::vector<double>& pair_weights = {}) {
  const int n = static_cast<int>(s.objects.size());
  if (!pair_weights.empty() && pair_weights.size() != s.objects.size() * s.objects.size())
    fail("report: ", pair_weights.size(), " pair weights for a scene of ", n, " objects; wanted ", n * n, " or none");
  std::string words;
  for (const auto& o : s.objects) {
    using namespace clevr;
    if (o.attributes[attribute::size] >= sizes.size() || o.attributes[color] >= colors.size() || o.attributes[material] >= materials.size() ||
        o.attributes[shape] >= shapes.size())
      fail("report: an object of scene ", s.image_index, " has an attribute beyond the lists of clevr.hpp");
    words += (words.empty() ? "" : ", ") + words_of(o);
  }
  std::string out = "<svg class=\"scene\" viewBox=\"0 0 480 320\" role=\"img\" aria-label=\"Scene of " + std::to_string(n) + " objects" +
                    (n ? ": " + words : "") + "\"><rect width=\"480\" height=\"320\" fill=\"url(#floor)\"/>";
  std::vector<int> order;
  for (int i = 0; i < n; ++i) order.push_back(i);
  const auto at = [&](int i) -> const clevr::object& { return s.objects[static_cast<std::size_t>(i)]; };
  const auto depth = [&](int i) { return std::isfinite(at(i).pixel[2]) ? at(i).pixel[2] : 0.; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return depth(a) > depth(b); });
  for (const int i : order) out += detail::object_svg(at(i), i + 1);
  if (!pair_weights.empty()) out += "<g class=\"pairs\">" + detail::pairs_svg(s, pairs_of(pair_weights, n)) + "</g>";
  for (const int i : order) {
    const auto p = detail::place_of(at(i));
    out += format("<g class=\"number\"><circle cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/><text x=\"%.1f\" y=\"%.1f\">%d</text></g>", p.x, p.y, p.x, p.y + 3.6,
                  i + 1);
  }
  return out + "</svg>";
}

}  // namespace relreason::report
