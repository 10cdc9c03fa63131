// tests/models/sort_of_clevr.test.cpp -- sizes, shapes and coordinates by hand; and the whole network against its equations as plain loops.
#include "relreason/models/sort_of_clevr.hpp"

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"

using namespace relreason;
using models::sort_of_clevr::cnn_mlp;
using models::sort_of_clevr::rn;
namespace soc = relreason::sort_of_clevr;

namespace {

using row = std::vector<double>;

template <class M>
batch<M, double> asked(int n) {
  batch<M, double> b;
  for (int i = 0; i < n; ++i) {
    const auto e = soc::make_example({}, i);
    const auto& q = e.questions[static_cast<std::size_t>(12 * i)];  // non-relational, binary, ternary
    const auto v = soc::question_vector(q);
    b.add_sample();
    b.template push<"image">(e.picture.pixels.data(), e.picture.pixels.size());
    for (const float x : v) b.template push<"q">(x);
    b.template push<"answer">(static_cast<int>(q.answer));
  }
  return b;
}
template <name Value, class M>
row predicted(const parameters<M, double>& p, const batch<M, double>& b) {
  const predictor<M, double, Value> predict(p, limits<M>{.samples = b.samples}, select_kernels<double>());
  auto own = predict.make_workspace();
  row y(static_cast<std::size_t>(predict.template rows<Value>(b)) * static_cast<std::size_t>(predict.template width<Value>()));
  predict.run(own, b, {y.data()});
  return y;
}

// Batch norm that is not the identity: other scales, shifts and running statistics for every channel.
template <class M>
parameters<M, double> trained_looking() {
  parameters<M, double> p(7);
  random_stream random{1, 2};
  for (const auto& e : p.table().entries)
    if (e.path[0] == 'n')
      for (std::size_t i = 0; i < e.count; ++i) p.find(e.path)[i] = .5 + random.uniform();
  for (const auto& s : p.table().states)
    for (std::size_t i = 0; i < s.count; ++i) p.state()[s.offset + i] = .05 + .1 * random.uniform();
  return p;
}
template <class M>
const double* state_of(const parameters<M, double>& p, const std::string& path) {
  for (const auto& s : p.table().states)
    if (s.path == path) return p.state() + s.offset;
  return nullptr;
}

// y = n(relu(c(x))): a convolution of 3 x 3 at stride 2 within a border of one zero, ReLU, and batch norm by the running statistics.
template <class M>
row convolved(const parameters<M, double>& p, const std::string& k, const row& x, int side, int channels) {
  constexpr int out = 24;
  const int half = (side + 1) / 2;
  const double *w = p.find("c" + k + ".weight"), *bias = p.find("c" + k + ".bias"), *scale = p.find("n" + k + ".weight");
  const double *shift = p.find("n" + k + ".bias"), *mean = state_of(p, "n" + k + ".running_mean"), *var = state_of(p, "n" + k + ".running_var");
  row y;
  for (int i = 0; i < half; ++i)
    for (int j = 0; j < half; ++j)
      for (int o = 0; o < out; ++o) {
        double sum = bias[o];
        for (int c = 0; c < channels; ++c)
          for (int a = 0; a < 3; ++a)
            for (int b = 0; b < 3; ++b) {
              const int u = 2 * i + a - 1, v = 2 * j + b - 1;
              if (u < 0 || v < 0 || u >= side || v >= side) continue;
              sum += w[((o * channels + c) * 3 + a) * 3 + b] * x[static_cast<std::size_t>((u * side + v) * channels + c)];
            }
        y.push_back(scale[o] * (std::max(sum, 0.) - mean[o]) / std::sqrt(var[o] + 1e-5) + shift[o]);
      }
  return y;
}
template <class M>
row maps_of(const parameters<M, double>& p, const batch<M, double>& b, int sample) {
  row x;
  for (std::size_t i = 0; i < 75 * 75 * 3; ++i) x.push_back(b.template values<"image">()[static_cast<std::size_t>(sample) * 75 * 75 * 3 + i] / 255.);
  x = convolved(p, "1", x, 75, 3);
  x = convolved(p, "2", x, 38, 24);
  x = convolved(p, "3", x, 19, 24);
  return convolved(p, "4", x, 10, 24);
}
template <class M>
row layer(const parameters<M, double>& p, const std::string& path, const row& x, bool relu) {
  const auto out = static_cast<std::size_t>(p.entry(path + ".weight").shape[0]);
  const double *weight = p.find(path + ".weight"), *bias = p.find(path + ".bias");
  row y;
  for (std::size_t o = 0; o < out; ++o) {
    const double sum = std::inner_product(x.begin(), x.end(), weight + o * x.size(), bias[o]);
    y.push_back(relu ? std::max(sum, 0.) : sum);
  }
  return y;
}
template <class M>
row question_of(const batch<M, double>& b, int sample) {
  const auto* q = b.template values<"q">().data() + 18 * sample;
  return {q, q + 18};
}
template <class M>
row head(const parameters<M, double>& p, const row& x) {
  return layer(p, "a.2", layer(p, "a.1", layer(p, "a.0", x, true), true), false);
}
void append(row& to, const row& more) { to.insert(to.end(), more.begin(), more.end()); }

constexpr double in_double = 1e-9;  // sums of 625 pairs of 256 numbers, in another order

}  // namespace

TEST_CASE("sort of clevr: the networks have the parameters that their sizes say", "[models][sort_of_clevr]") {
  constexpr int cnn = (3 * 9 * 24 + 24) + 3 * (24 * 9 * 24 + 24) + 4 * 2 * 24;
  constexpr int g = (70 * 256 + 256) + 3 * (256 * 256 + 256), f = 2 * (256 * 256 + 256) + (256 * 10 + 10);
  CHECK(cnn == 16488);
  CHECK(parameters<rn>::count() == cnn + g + f);
  CHECK(parameters<models::sort_of_clevr::small_rn>::count() == cnn + (70 * 64 + 64) + 5 * (64 * 64 + 64) + (64 * 10 + 10));
  CHECK(parameters<cnn_mlp>::count() == cnn + (618 * 256 + 256) + (256 * 256 + 256) + (256 * 10 + 10));
  CHECK(parameters<rn>::entry("r.g.0.weight").shape == std::vector<int>{256, 26 + 26 + 18});
  CHECK(parameters<cnn_mlp>::entry("a.0.weight").shape == std::vector<int>{256, 600 + 18});
}

TEST_CASE("sort of clevr: 75 -> 38 -> 19 -> 10 -> 5 cells a side, 25 objects of 26 numbers, 10 answers", "[models][sort_of_clevr]") {
  const auto width = []<name N>() { return rn::info[static_cast<std::size_t>(rn::find<N>())].width; };
  CHECK(width.operator()<"image">() == 75 * 75 * 3);
  CHECK(width.operator()<"c1">() == 38 * 38 * 24);
  CHECK(width.operator()<"c2">() == 19 * 19 * 24);
  CHECK(width.operator()<"c3">() == 10 * 10 * 24);
  CHECK(width.operator()<"n4">() == 5 * 5 * 24);
  CHECK(width.operator()<"o">() == 26);
  CHECK(width.operator()<"r">() == 256);
  CHECK(width.operator()<"a">() == 10);
}

TEST_CASE("sort of clevr: a cell's coordinates are its column and row, (-2 to 2) / 2", "[models][sort_of_clevr]") {
  const parameters<rn, double> p(1);
  const auto o = predicted<"o">(p, asked<rn>(1));
  REQUIRE(o.size() == 25 * 26);
  for (int cell = 0; cell < 25; ++cell) {
    CHECK(o[static_cast<std::size_t>(26 * cell + 24)] == (cell % 5 - 2) / 2.);
    CHECK(o[static_cast<std::size_t>(26 * cell + 25)] == (cell / 5 - 2) / 2.);
  }
}

TEST_CASE("sort of clevr: the Relation Network is sum_ab g(o_b, o_a, q) over all pairs of cells, written out", "[models][sort_of_clevr]") {
  const auto p = trained_looking<rn>();
  const auto b = asked<rn>(3);
  const auto found = predicted<"a">(p, b);
  for (int s = 0; s < 3; ++s) {
    const auto maps = maps_of(p, b, s);
    std::vector<row> o;
    for (int cell = 0; cell < 25; ++cell) {
      o.emplace_back(maps.begin() + 24 * cell, maps.begin() + 24 * (cell + 1));
      append(o.back(), {(cell % 5 - 2) / 2., (cell / 5 - 2) / 2.});
    }
    row r(256);
    for (int a = 0; a < 25; ++a)
      for (int c = 0; c < 25; ++c) {
        row z = o[static_cast<std::size_t>(c)];
        append(z, o[static_cast<std::size_t>(a)]);
        append(z, question_of(b, s));
        for (const char* l : {"r.g.0", "r.g.1", "r.g.2", "r.g.3"}) z = layer(p, l, z, true);
        for (std::size_t i = 0; i < r.size(); ++i) r[i] += z[i];
      }
    const auto wanted = head(p, r);
    for (std::size_t i = 0; i < 10; ++i) CHECK(found[10 * static_cast<std::size_t>(s) + i] == Approx(wanted[i]).epsilon(in_double).margin(in_double));
  }
}

TEST_CASE("sort of clevr: the baseline reads all maps at once, beside the question, written out", "[models][sort_of_clevr]") {
  const auto p = trained_looking<cnn_mlp>();
  const auto b = asked<cnn_mlp>(3);
  const auto found = predicted<"a">(p, b);
  for (int s = 0; s < 3; ++s) {
    auto x = maps_of(p, b, s);
    append(x, question_of(b, s));
    const auto wanted = head(p, x);
    for (std::size_t i = 0; i < 10; ++i) CHECK(found[10 * static_cast<std::size_t>(s) + i] == Approx(wanted[i]).epsilon(in_double).margin(in_double));
  }
}
