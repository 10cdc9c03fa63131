// tests/nn/grid_objects.test.cpp -- cells as objects: numbering and coordinates of the spec, on exactly<n> and on spaces that it fills, with gradients.
#include "relreason/nn/grid_objects.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/message_of.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct cell : at_most<64, scene> {};
template <int N>
struct exact : exactly<N, scene> {};
struct free_cell : each<scene> {};
struct pair : all_pairs<cell> {};

template <class... Options>
using exact_grid = model<input<"x", maps<2, 8, 8>, scene>, let<"o", grid_objects<exact<64>, Options...>, of<"x">>>;
using one_row = model<input<"x", maps<1, 1, 3>, scene>, let<"o", grid_objects<exact<3>, coordinates<1, 2>>, of<"x">>>;
using filled = model<input<"x", maps<2, 8, 8>, scene>, let<"o", grid_objects<cell>, of<"x">>, let<"s", pool<cell>, of<"o">>>;
using free_grid = model<input<"x", maps<2, 8, 8>, scene>, let<"o", grid_objects<free_cell>, of<"x">>, let<"s", pool<free_cell>, of<"o">>>;
using related =
    model<input<"x", maps<2, 5, 5>, scene>, let<"c", conv2d<2, kernel<3>, stride<2>, padding<1>>, of<"x">>, let<"o", grid_objects<cell>, of<"c">>,
          let<"r", sum_over<pair, mlp<relu<6>, relu<4>>>, of<"o", "o">>, minimize<toy::half_square, of<"r">, weight<1, 1000>>>;

template <class M>
batch<M, double> scenes(int n) {
  batch<M, double> b;
  random_stream random{3, 4};
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    for (int j = 0; j < M::info[0].width; ++j) b.template push<"x">(2 * random.uniform() - 1);
  }
  return b;
}
template <class M, name N, class T = double>
std::vector<double> predicted(const batch<M, double>& b, const limits<M>& at) {
  const parameters<M, double> p(1);
  const predictor<M, double, N> predict(p, at, select_kernels<double>());
  auto own = predict.make_workspace();
  std::vector<double> y(static_cast<std::size_t>(predict.template rows<N>(b)) * static_cast<std::size_t>(predict.template width<N>()));
  predict.run(own, b, {y.data()});
  return y;
}

}  // namespace

TEST_CASE("grid_objects: row 8 y + x of the objects is the cell's channels, then x and y from -4 to 4", "[nn][grid_objects]") {
  using m = exact_grid<>;
  limits<m> at;
  at.samples = 2;
  const auto b = scenes<m>(2);
  const auto o = predicted<m, "o">(b, at);
  REQUIRE(o.size() == 2 * 64 * 4);
  const double places[8]{-4, -2.857143, -1.714286, -.571429, .571429, 1.714286, 2.857143, 4};
  for (std::size_t s = 0; s < 2; ++s)
    for (std::size_t y = 0; y < 8; ++y)
      for (std::size_t x = 0; x < 8; ++x) {
        const double* row = o.data() + (64 * s + 8 * y + x) * 4;
        CHECK(row[0] == b.values<"x">()[(64 * s + 8 * y + x) * 2]);
        CHECK(row[1] == b.values<"x">()[(64 * s + 8 * y + x) * 2 + 1]);
        CHECK(row[2] == Approx(places[x]).epsilon(1e-6));
        CHECK(row[3] == Approx(places[y]).epsilon(1e-6));
      }
}

TEST_CASE("grid_objects: another range, a single row of cells, and no coordinates", "[nn][grid_objects]") {
  limits<one_row> at;
  const auto o = predicted<one_row, "o">(scenes<one_row>(1), at);
  for (const int i : {0, 1, 2}) CHECK(o[static_cast<std::size_t>(3 * i + 1)] == .5 * (i - 1));
  CHECK(o[2] == -.5);
  using m = exact_grid<no_coordinates>;
  limits<m> bare;
  const auto b = scenes<m>(1);
  CHECK(predicted<m, "o">(b, bare) == b.values<"x">());
}

TEST_CASE("grid_objects: it fills the space, at_most<n, ...> or each<...> with a planned limit", "[nn][grid_objects]") {
  limits<filled> at;
  at.samples = 40;
  const auto b = scenes<filled>(40);
  const auto s = predicted<filled, "s">(b, at);
  for (std::size_t i = 0; i < 40; ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < 64; ++c) sum += b.values<"x">()[(64 * i + c) * 2];
    CHECK(s[4 * i] == Approx(sum).margin(1e-12));
    CHECK(s[4 * i + 2] == Approx(0).margin(1e-12));  // coordinates cancel
  }
  limits<free_grid> unplanned;
  CHECK(contains(message_of([&] { predicted<free_grid, "s">(scenes<free_grid>(1), unplanned); }), "call limits::set<free_cell>(64)"));
  limits<free_grid> planned;
  planned.set<free_cell>(64);
  CHECK(predicted<free_grid, "s">(scenes<free_grid>(1), planned)[1] == Approx(predicted<filled, "s">(scenes<filled>(1), limits<filled>{})[1]));
}

TEST_CASE("grid_objects: gradients pass through all pairs of cells to the convolution", "[nn][grid_objects]") {
  limits<related> at;
  at.samples = 20;
  parameters<related, double> p(5);
  const auto b = scenes<related>(20);
  CHECK(gradient_share(at, b, p) > 0.8);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}

namespace {
struct question : each<scene> {};
struct asked_cell : exactly<25, question> {};
using repeated = model<input<"x", maps<2, 5, 5>, scene>, input<"w", features<1>, question>, let<"c", conv2d<2, kernel<3>, padding<1>>, of<"x">>,
                       let<"o", grid_objects<asked_cell>, of<"c">>, let<"h", linear<3>, of<"o", "w">>, let<"r", pool<asked_cell>, of<"h">>,
                       minimize<toy::half_square, of<"r">, weight<1, 1000>>>;
}  // namespace

TEST_CASE("grid_objects: maps of a space further out are repeated for every parent of the cells", "[nn][grid_objects]") {
  batch<repeated, double> b;
  random_stream random{3, 4};
  for (const int questions : {2, 0, 3}) {
    b.add_sample();
    b.count<question>(questions);
    for (int j = 0; j < 50; ++j) b.push<"x">(2 * random.uniform() - 1);
    for (int q = 0; q < questions; ++q) b.push<"w">(random.uniform());
  }
  limits<repeated> at{.samples = 3};
  at.set<question>(3);
  parameters<repeated, double> p(2);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
  const predictor<repeated, double, "c", "o"> predict(p, at, select_kernels<double>());
  auto own = predict.make_workspace();
  std::vector<double> maps(3 * 50), cells(5 * 25 * 4);
  predict.run(own, b, {maps.data(), cells.data()});
  const std::size_t picture[]{0, 0, 2, 2, 2};
  for (std::size_t q = 0; q < 5; ++q)
    for (std::size_t k = 0; k < 25; ++k) {
      CHECK(cells[(25 * q + k) * 4] == maps[50 * picture[q] + 2 * k]);
      CHECK(cells[(25 * q + k) * 4 + 1] == maps[50 * picture[q] + 2 * k + 1]);
    }
}

namespace {

struct world : once {};
struct place : sample {};
struct place_cell : exactly<6, place> {};
using one_map = model<input<"x", maps<1, 2, 3>, world>, input<"f", features<1>, place>, let<"c", grid_objects<place_cell, no_coordinates>, of<"x">>,
                      let<"p", pool<place_cell>, of<"c">>, let<"a", linear<2>, of<"p", "f">>>;

}  // namespace

TEST_CASE("grid_objects: a map that is there once is repeated for every sample", "[nn]") {
  const parameters<one_map> p(1);
  const limits<one_map> at{.samples = 3};
  const predictor<one_map, float, "c"> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace();
  batch<one_map> b;
  b.add_sample(3);
  for (const float x : {1.f, 2.f, 3.f, 4.f, 5.f, 6.f}) b.push<"x">(x);
  for (const float f : {7.f, 8.f, 9.f}) b.push<"f">(f);
  std::vector<float> c(18);
  predict.run(own, b, {c.data()});
  CHECK(c == std::vector<float>{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
}
