// tests/data/xtensor.test.cpp -- rows of xtensor arrays without a copy, and back.
#include "relreason/data/xtensor.hpp"

#include <type_traits>

#include "catch.hpp"
#include "support/message_of.hpp"

using relreason::as_rows;
using relreason::rows_view;
using relreason::to_xtensor;

namespace {
template <class Array>
concept viewable = requires(Array&& x) {
  as_rows(static_cast<Array&&>(x));
};
}  // namespace

TEST_CASE("as_rows: the first axis counts the rows, the others are the width, and nothing is copied", "[data][xtensor]") {
  xt::xtensor<float, 2> x{{1, 2, 3}, {4, 5, 6}};
  const rows_view<float> rows = as_rows(x);
  CHECK(rows.rows == 2);
  CHECK(rows.width == 3);
  CHECK(rows.data == x.data());
  CHECK(rows.row(1)[2] == 6);
  rows.row(1)[0] = 40;
  CHECK(x(1, 0) == 40);

  const xt::xtensor<double, 3> cube({2, 3, 4}, 0.5);
  const auto flat = as_rows(cube);
  static_assert(std::is_same_v<decltype(flat), const rows_view<const double>>);
  CHECK(flat.rows == 2);
  CHECK(flat.width == 12);

  const xt::xarray<int> line{7, 8, 9};
  CHECK(as_rows(line).rows == 3);
  CHECK(as_rows(line).width == 1);
  const xt::xtensor<float, 2> none({0, 5}, 0.0f);
  CHECK(as_rows(none).rows == 0);
  CHECK(as_rows(none).size() == 0);
}

TEST_CASE("as_rows: temporaries, and arrays that are not rows in memory, are refused", "[data][xtensor]") {
  STATIC_REQUIRE(viewable<xt::xtensor<float, 2>&>);
  STATIC_REQUIRE(viewable<const xt::xtensor<float, 2>&>);
  STATIC_REQUIRE_FALSE(viewable<xt::xtensor<float, 2>>);
  const xt::xarray<float> scalar = xt::xarray<float>::from_shape({});
  CHECK(contains(message_of([&] { as_rows(scalar); }), "found an array without axes, wanted at least one"));
  xt::xarray<float, xt::layout_type::dynamic> turned;
  turned.resize({2, 3}, xt::layout_type::column_major);
  CHECK(contains(message_of([&] { as_rows(turned); }), "found an array that is not row-major"));
  turned.resize({2, 3}, xt::layout_type::row_major);
  CHECK(as_rows(turned).width == 3);
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
