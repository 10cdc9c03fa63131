// tests/retrieval/feature_distance.test.cpp
#include "relreason/retrieval/feature_distance.hpp"

#include <limits>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;
using namespace relreason::retrieval;

namespace {

std::vector<float> uniform(int n, std::uint64_t stream) {
  random_stream random{19, stream};
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& v : x) v = random.uniform() - .5f;
  return x;
}

}  // namespace

TEST_CASE("feature distances: 3-4-5 and right angles by hand", "[retrieval]") {
  const std::vector<float> gallery{0, 0, 3, 0, 0, 4}, query{0, 4};
  const rows_view<const float> rows{gallery.data(), 3, 2};
  double d[3];
  distance_to_rows(rows, feature_distance::l2).all(query.data(), d);
  CHECK(d[0] == 4);
  CHECK(d[1] == 5);
  CHECK(d[2] == 0);
  distance_to_rows(rows, feature_distance::cosine).all(query.data(), d);
  CHECK(d[0] == 1);  // a zero vector has no direction
  CHECK(d[1] == 1);
  CHECK(d[2] == 0);
}

TEST_CASE("feature distances: every width, every instruction set, the same bits", "[retrieval]") {
  constexpr double rounding_error = 1e-14;  // of 100 sums in double, relative
  for (const int width : {1, 7, 8, 15, 16, 17, 33, 100}) {
    const auto a = uniform(width, 1), b = uniform(width, 2);
    double squares = 0, ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double x = a[i], y = b[i];
      squares += (x - y) * (x - y);
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    const rows_view<const float> rows{b.data(), 1, width};
    INFO("width " << width);
    for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
      double portable;
      distance_to_rows(rows, kind, isa::portable).all(a.data(), &portable);
      CHECK(portable == Approx(kind == feature_distance::l2 ? std::sqrt(squares) : 1 - ab / std::sqrt(aa * bb)).epsilon(rounding_error));
      for (const auto set : {isa::avx2, isa::avx512}) {
        if (!supported(set)) continue;
        double d;
        distance_to_rows(rows, kind, set).all(a.data(), &d);
        CHECK(d == portable);
      }
    }
  }
}

TEST_CASE("feature distances: near vectors far from the origin keep their digits, equal ones are at 0", "[retrieval]") {
  const std::vector<float> g{10000.f, 10000.f, -10000.f}, q{10000.f, 10000.0009765625f, -10000.f};  // one unit in the last place apart
  double d;
  distance_to_rows({g.data(), 1, 3}, feature_distance::l2).all(q.data(), &d);
  CHECK(d == 0x1p-10);
  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    distance_to_rows({g.data(), 1, 3}, kind).all(g.data(), &d);
    CHECK(d == 0);
  }
}

TEST_CASE("check_features: NaN, infinities, sizes beyond 1e15 and rows of nothing are errors that name the place", "[retrieval]") {
  std::vector<float> x(6, 1.f);
  const rows_view<const float> rows{x.data(), 2, 3};
  CHECK_NOTHROW(check_features("who", rows, "gallery"));
  x[4] = std::nanf("");
  CHECK_THROWS_WITH(check_features("who", rows, "gallery"),
                    "who: value 1 of row 1 of the gallery is nan, wanted a finite number of at most 1e15 in size");
  x[4] = -std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(distance_to_rows(rows, feature_distance::l2), Catch::Matchers::Contains("value 1 of row 1 of the gallery is -inf"));
  x[4] = 1e16f;
  CHECK_THROWS_WITH(check_features("who", rows, "queries"), Catch::Matchers::Contains("of the queries is 1e+16"));
  CHECK_THROWS_WITH(check_features("who", {x.data(), 2, 0}, "gallery"), "who: found gallery of shape (2, 0), wanted at least one value in a row");
}
