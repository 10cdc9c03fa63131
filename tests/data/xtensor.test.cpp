// tests/data/xtensor.test.cpp -- rows of xtensor arrays without a copy, and back.
#include "relreason/data/xtensor.hpp"

#include <type_traits>

#include "catch.hpp"
#include "support/message_of.hpp"

using relreason::rows_of;
using relreason::rows_view;
using relreason::to_xtensor;

namespace {
template <class Array>
concept viewable = requires(Array&& x) {
  rows_of(static_cast<Array&&>(x));
};
}  // namespace

TEST_CASE("rows_of: the first axis counts the rows, the others are the width, and nothing is copied", "[data][xtensor]") {
  xt::xtensor<float, 2> x{{1, 2, 3}, {4, 5, 6}};
  const rows_view<float> rows = rows_of(x);
  CHECK(rows.rows == 2);
  CHECK(rows.width == 3);
  CHECK(rows.data == x.data());
  CHECK(rows.row(1)[2] == 6);
  rows.row(1)[0] = 40;
  CHECK(x(1, 0) == 40);

  const xt::xtensor<double, 3> cube({2, 3, 4}, 0.5);
  const auto flat = rows_of(cube);
  static_assert(std::is_same_v<decltype(flat), const rows_view<const double>>);
  CHECK(flat.rows == 2);
  CHECK(flat.width == 12);

  const xt::xarray<int> line{7, 8, 9};
  CHECK(rows_of(line).rows == 3);
  CHECK(rows_of(line).width == 1);
  const xt::xtensor<float, 2> none({0, 5}, 0.0f);
  CHECK(rows_of(none).rows == 0);
  CHECK(rows_of(none).size() == 0);
}

TEST_CASE("rows_of: temporaries, and arrays that are not rows in memory, are refused", "[data][xtensor]") {
  STATIC_REQUIRE(viewable<xt::xtensor<float, 2>&>);
  STATIC_REQUIRE(viewable<const xt::xtensor<float, 2>&>);
  STATIC_REQUIRE_FALSE(viewable<xt::xtensor<float, 2>>);
  const xt::xarray<float> scalar = xt::xarray<float>::from_shape({});
  CHECK(contains(message_of([&] { rows_of(scalar); }), "found an array without axes, wanted at least one"));
  xt::xarray<float, xt::layout_type::dynamic> turned;
  turned.resize({2, 3}, xt::layout_type::column_major);
  CHECK(contains(message_of([&] { rows_of(turned); }), "found an array that is not row-major"));
  turned.resize({2, 3}, xt::layout_type::row_major);
  CHECK(rows_of(turned).width == 3);
}

TEST_CASE("to_xtensor: a copy with the rows' values and shape", "[data][xtensor]") {
  const float data[] = {1, 2, 3, 4, 5, 6};
  const auto x = to_xtensor(rows_view<const float>{data, 3, 2});
  static_assert(std::is_same_v<std::decay_t<decltype(x)>, xt::xtensor<float, 2>>);
  CHECK((x.shape(0) == 3 && x.shape(1) == 2));
  CHECK((x(0, 1) == 2 && x(2, 0) == 5));
  CHECK(x.data() != data);
  CHECK(to_xtensor(rows_view<float>{}).size() == 0);
}
