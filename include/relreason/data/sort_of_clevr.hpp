// relreason/data/sort_of_clevr.hpp -- Sort-of-CLEVR: small pictures of six colored squares and circles, with questions about one, two or three of them.
// Source: Santoro et al. 2017, in the form of kimhc6028/relational-networks (sort_of_clevr_generator.py), restated. All but the random numbers is
// exact: rasters, draws and their order, question vectors, answers. Sample i is a function of seed and i; the test samples are the first ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/image.hpp"

namespace relreason::sort_of_clevr {

inline constexpr int side = 75;      // pixels of a picture, each way
inline constexpr int half_size = 5;  // of an object; middles lie in [5, 70)
inline constexpr std::size_t n_objects = 6, n_subtypes = 3, n_answers = 10;

// Object i has color i.
inline constexpr std::array<std::string_view, n_objects> colors{"red", "green", "blue", "orange", "gray", "yellow"};
inline constexpr std::array<std::array<std::uint8_t, 3>, n_objects> rgb{
    {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 156, 0}, {128, 128, 128}, {255, 255, 0}}};
inline constexpr std::array<std::string_view, n_answers> answers{"yes", "no", "square", "circle", "0", "1", "2", "3", "4", "5"};
enum answer : std::uint8_t { yes, no, square_, circle_, count_0 };  // ids in `answers`; a count c is count_0 + c

enum class form : std::uint8_t { square, circle };
struct object {
  int x = 0, y = 0;  // the middle; x to the right, y down
  form shape{};
};
using scene = std::array<object, n_objects>;

// How many objects the answer depends on, and which of three questions:
// unary    0: shape of a     1: is a left?               2: is a in the upper half?
// binary   0: shape closest  1: shape farthest from a    2: how many others have a's shape
// ternary  0: how many lie in the box between a and b    1: does one lie on the line through them    2: how many make an obtuse triangle
enum class kind : std::uint8_t { unary, binary, ternary };
inline constexpr std::array<std::string_view, 3> kind_names{"non-relational", "binary", "ternary"};

struct question {
  kind what{};
  std::uint8_t subtype = 0;
  std::uint8_t a = 0, b = 0;  // colors; b of ternary questions only
  std::uint8_t answer = 0;
};

struct options {
  std::uint64_t seed = 1;
  int n_test = 200, n_train = 9'800;
  int questions_per_kind = 10;
  // The original gives an object the squared distance 999 to itself: where all others are farther than 31.6 pixels, it is its own closest one.
  bool legacy_closest = false;
};

inline void check(const options& o) {
  constexpr int most_samples = 1'000'000, most_questions = 10'000;
  const auto want = [](bool ok, const char* name, auto found, const char* wanted) {
    if (!ok) fail("sort_of_clevr: ", name, " is ", found, "; wanted ", wanted);
  };
  want(o.n_test >= 0 && o.n_test <= most_samples, "n_test", o.n_test, "0 to 1,000,000");
  want(o.n_train >= 0 && o.n_train <= most_samples, "n_train", o.n_train, "0 to 1,000,000");
  want(o.questions_per_kind >= 0 && o.questions_per_kind <= most_questions, "questions_per_kind", o.questions_per_kind, "0 to 10,000");
}

namespace detail {

inline int square(int v) { return v * v; }
inline int squared_distance(const object& p, const object& q) { return square(p.x - q.x) + square(p.y - q.y); }
inline std::uint8_t counted(int n) { return static_cast<std::uint8_t>(count_0 + n); }
inline std::uint8_t shape_answer(const object& o) { return o.shape == form::square ? square_ : circle_; }

// How far a row reaches to either side of the middle, from the middle down: OpenCV's filled circle of radius 5 (its integer midpoint rule).
inline constexpr std::array<int, half_size + 1> circle_reach{5, 4, 4, 4, 3, 0};

// Calls visit(object) for each but a and b.
template <class Visit>
void each_other(const scene& s, std::size_t a, std::size_t b, Visit&& visit) {
  for (std::size_t i = 0; i < s.size(); ++i)
    if (i != a && i != b) visit(s[i]);
}

inline bool in_box(const object& p, const object& a, const object& b) {
  const auto between = [](int v, int u, int w) { return std::min(u, w) <= v && v <= std::max(u, w); };
  return between(p.x, a.x, b.x) && between(p.y, a.y, b.y);
}

// |p.y - (m p.x + c)| <= 12 in integers. Straight up the original's slope is dy / 1e-10: then only an object of the very same x is near the line,
// and only where its y is within 12 of a's.
inline bool on_line(const object& p, const object& a, const object& b) {
  constexpr int grace = 12;
  const int dx = b.x - a.x, dy = b.y - a.y;
  if (dx == 0) return p.x == a.x && std::abs(p.y - a.y) <= grace;
  return std::abs(dy * (p.x - a.x) - dx * (p.y - a.y)) <= grace * std::abs(dx);
}

// The largest angle is in [90, 180) degrees; three middles on a line are no triangle.
inline bool obtuse(const object& p, const object& a, const object& b) {
  std::array<int, 3> d{squared_distance(a, b), squared_distance(b, p), squared_distance(p, a)};
  std::sort(d.begin(), d.end());
  const bool on_a_line = (a.x - p.x) * (b.y - p.y) == (a.y - p.y) * (b.x - p.x);
  return !on_a_line && d[2] >= d[0] + d[1];
}

// Where distances are equal the first in the order of colors counts, as in the original.
inline const object& closest(const scene& s, std::size_t a, bool legacy) {
  constexpr int legacy_distance = 999;
  std::size_t best = s.size();
  int least = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (i == a && !legacy) continue;
    const int d = i == a ? legacy_distance : squared_distance(s[i], s[a]);
    if (best == s.size() || d < least) best = i, least = d;
  }
  return s[best];
}

inline const object& farthest(const scene& s, std::size_t a) {
  return *std::max_element(s.begin(), s.end(),
                           [&](const object& p, const object& q) { return squared_distance(p, s[a]) < squared_distance(q, s[a]); });
}

inline std::uint8_t unary_answer(const object& o, int subtype) {
  constexpr int twice_half = side;  // x < 37.5
  if (subtype == 0) return shape_answer(o);
  return 2 * (subtype == 1 ? o.x : o.y) < twice_half ? yes : no;
}

inline std::uint8_t binary_answer(const scene& s, std::size_t a, int subtype, bool legacy) {
  if (subtype == 0) return shape_answer(closest(s, a, legacy));
  if (subtype == 1) return shape_answer(farthest(s, a));
  int n = 0;
  each_other(s, a, a, [&](const object& o) { n += o.shape == s[a].shape; });
  return counted(n);
}

inline std::uint8_t ternary_answer(const scene& s, std::size_t a, std::size_t b, int subtype) {
  int n = 0;
  const auto test = subtype == 0 ? in_box : subtype == 1 ? on_line : obtuse;
  each_other(s, a, b, [&](const object& o) { n += test(o, s[a], s[b]); });
  if (subtype == 1) return n ? yes : no;
  return counted(n);
}

}  // namespace detail

// The answer that a scene gives to a question, whatever stands in q.answer.
inline std::uint8_t answer_of(const scene& s, const question& q, bool legacy_closest = false) {
  if (q.a >= n_objects || q.b >= n_objects || q.subtype >= n_subtypes || q.what > kind::ternary || (q.what == kind::ternary && q.a == q.b))
    fail("sort_of_clevr::answer_of: found kind ", static_cast<int>(q.what), ", subtype ", q.subtype, ", colors ", q.a, " and ", q.b,
         "; wanted kinds and subtypes 0 to 2, colors 0 to 5, and two different ones of a ternary question");
  switch (q.what) {
    case kind::unary: return detail::unary_answer(s[q.a], q.subtype);
    case kind::binary: return detail::binary_answer(s, q.a, q.subtype, legacy_closest);
    default: return detail::ternary_answer(s, q.a, q.b, q.subtype);
  }
}

// White; squares of 11 x 11 pixels, circles of 81. Channels are red, green, blue; a network reads values / 255.
inline image draw(const scene& s) {
  image out(side, side, 3);
  std::fill(out.pixels.begin(), out.pixels.end(), std::uint8_t{255});
  for (std::size_t i = 0; i < s.size(); ++i) {
    const object& o = s[i];
    if (o.x < half_size || o.x >= side - half_size || o.y < half_size || o.y >= side - half_size)
      fail("sort_of_clevr::draw: object ", i, " (", colors[i], ") is at ", o.x, ", ", o.y, "; wanted 5 to 69 both ways");
    for (int dy = -half_size; dy <= half_size; ++dy) {
      const int reach = o.shape == form::square ? half_size : detail::circle_reach[static_cast<std::size_t>(std::abs(dy))];
      for (int dx = -reach; dx <= reach; ++dx) std::copy(rgb[i].begin(), rgb[i].end(), out.at(o.x + dx, o.y + dy));
    }
  }
  return out;
}

// 18 numbers: color a, color b, kind, subtype; each a group with a single 1 (color b: none but in ternary questions).
inline constexpr std::size_t question_width = 18;
inline std::array<float, question_width> question_vector(const question& q) {
  std::array<float, question_width> v{};
  v[q.a] = 1;
  if (q.what == kind::ternary) v[n_objects + q.b] = 1;
  v[2 * n_objects + static_cast<std::size_t>(q.what)] = 1;
  v[2 * n_objects + 3 + q.subtype] = 1;
  return v;
}

// The 11 numbers of the original paper: color, relational or not, subtype. There were no ternary questions.
inline constexpr std::size_t short_question_width = 11;
inline std::array<float, short_question_width> short_question_vector(const question& q) {
  if (q.what == kind::ternary)
    fail("sort_of_clevr::short_question_vector: found a ternary question; wanted a non-relational or binary one, or question_vector's 18 numbers");
  std::array<float, short_question_width> v{};
  v[q.a] = 1;
  v[n_objects + static_cast<std::size_t>(q.what)] = 1;
  v[n_objects + 2 + q.subtype] = 1;
  return v;
}

// In words, for reports; networks read the vectors.
inline std::string text_of(const question& q) {
  const std::string a(colors[q.a]), b(colors[q.b]);
  const std::array<std::array<std::string, n_subtypes>, 3> texts{
      {{"What is the shape of the " + a + " object?", "Is the " + a + " object on the left?", "Is the " + a + " object in the upper half?"},
       {"What is the shape of the object closest to the " + a + " one?", "What is the shape of the object farthest from the " + a + " one?",
        "How many other objects have the shape of the " + a + " one?"},
       {"How many objects lie in the box between the " + a + " and the " + b + " one?",
        "Does an object lie on the line through the " + a + " and the " + b + " one?",
        "How many objects form an obtuse triangle with the " + a + " and the " + b + " one?"}}};
  return texts[static_cast<std::size_t>(q.what)][q.subtype];
}

struct example {
  sort_of_clevr::scene objects;
  image picture;
  std::vector<question> questions;  // unary, binary, ternary: options::questions_per_kind each
};

namespace detail {

inline random_stream stream(const options& o, int index) {
  return {o.seed, stream_of("sort-of-clevr") + static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15u};
}

// A middle is drawn anew until it is at least 10 pixels from all before it.
inline scene make_scene(random_stream& random) {
  constexpr std::uint32_t places = side - 2 * half_size;
  constexpr int least = 4 * half_size * half_size;
  scene s;
  for (std::size_t i = 0; i < s.size(); ++i) {
    object& o = s[i];
    const auto too_near = [&](const object& p) { return squared_distance(o, p) < least; };
    do {
      o.x = half_size + static_cast<int>(random.below(places));
      o.y = half_size + static_cast<int>(random.below(places));
    } while (std::any_of(s.begin(), s.begin() + static_cast<std::ptrdiff_t>(i), too_near));
    o.shape = random.below(2) ? form::circle : form::square;
  }
  return s;
}

// Colors of ternary questions are the first two of a shuffle of five: yellow is never asked about.
inline question make_question(kind what, random_stream& random) {
  constexpr std::uint32_t ternary_colors = 5;
  question q;
  q.what = what;
  if (what == kind::ternary) {
    q.a = static_cast<std::uint8_t>(random.below(ternary_colors));
    const std::uint32_t other = random.below(ternary_colors - 1);
    q.b = static_cast<std::uint8_t>(other + (other >= q.a));
  } else {
    q.a = static_cast<std::uint8_t>(random.below(n_objects));
  }
  q.subtype = static_cast<std::uint8_t>(random.below(n_subtypes));
  return q;
}

}  // namespace detail

// Number `index` of all samples: 0 to n_test - 1 are the test samples, those for training follow.
inline example make_example(const options& o, int index) {
  auto random = detail::stream(o, index);
  example e;
  e.objects = detail::make_scene(random);
  e.picture = draw(e.objects);
  for (const kind what : {kind::unary, kind::binary, kind::ternary})
    for (int i = 0; i < o.questions_per_kind; ++i) {
      question q = detail::make_question(what, random);
      q.answer = answer_of(e.objects, q, o.legacy_closest);
      e.questions.push_back(q);
    }
  return e;
}

struct data_set {
  std::vector<example> test, train;
};

// Everything in memory: 17 kB a sample, 170 MB for the standard 10,000.
inline data_set generate(const options& o, executor& e) {
  check(o);
  data_set d;
  d.test.resize(static_cast<std::size_t>(o.n_test));
  d.train.resize(static_cast<std::size_t>(o.n_train));
  failure kept;
  e.parallel_for(o.n_test + o.n_train, [&](int i) {
    kept.guard([&] { (i < o.n_test ? d.test[static_cast<std::size_t>(i)] : d.train[static_cast<std::size_t>(i - o.n_test)]) = make_example(o, i); });
  });
  kept.rethrow();
  return d;
}

}  // namespace relreason::sort_of_clevr
