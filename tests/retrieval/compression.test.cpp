// tests/retrieval/compression.test.cpp
#include "relreason/retrieval/compression.hpp"

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;
using namespace relreason::retrieval;

namespace {

std::vector<float> normal(int n, std::uint64_t stream) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = philox::normal(37, stream, i);
  return x;
}

double product(rows_view<const float> x, int a, int b) {
  double sum = 0;
  for (int c = 0; c < x.width; ++c) sum += double{x.row(a)[c]} * x.row(b)[c];
  return sum;
}

constexpr double float_rounding = 1e-6;  // of entries below 1, rounded to float

}  // namespace

TEST_CASE("principal_components: points on a line, by hand", "[retrieval]") {
  // (1, 1), (3, 2), (5, 3): mean (3, 2), direction (2, 1) / sqrt 5, variance (5 + 0 + 5) / 2
  const std::vector<float> x{1, 1, 3, 2, 5, 3};
  serial_executor serial;
  const principal_components pca({x.data(), 3, 2}, 2);
  CHECK(pca.variances()[0] == Approx(5));
  CHECK(pca.variances()[1] == Approx(0).margin(1e-14));
  CHECK(pca.components().row(0)[0] == Approx(2 / std::sqrt(5.)).epsilon(float_rounding));
  CHECK(pca.components().row(0)[1] == Approx(1 / std::sqrt(5.)).epsilon(float_rounding));
  const auto y = principal_components({x.data(), 3, 2}, 1).project({x.data(), 3, 2}, serial);
  CHECK(y[0] == Approx(-std::sqrt(5.)).epsilon(float_rounding));
  CHECK(y[1] == Approx(0).margin(float_rounding));
  CHECK(y[2] == Approx(std::sqrt(5.)).epsilon(float_rounding));
  CHECK(principal_components({x.data(), 3, 2}, 1).explained() == Approx(1));
}

TEST_CASE("principal_components: orthonormal, uncorrelated, and all of them keep every distance", "[retrieval]") {
  const int n = 300, width = 9;
  auto x = normal(n * width, 1);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 3 + x[i] * static_cast<float>(1 + i % width) + (i % width ? x[i - 1] : 0);  // correlated
  const rows_view<const float> rows{x.data(), n, width};
  serial_executor serial;
  thread_pool pool(3);
  const principal_components pca(rows, width);
  const auto y = pca.project(rows, serial);
  CHECK(y == pca.project(rows, pool));
  for (int a = 0; a < width; ++a)
    for (int b = 0; b <= a; ++b) REQUIRE(product(pca.components(), a, b) == Approx(a == b).margin(float_rounding));
  for (int a = 0; a < width; ++a) {
    CHECK((a == 0 || pca.variances()[static_cast<std::size_t>(a)] <= pca.variances()[static_cast<std::size_t>(a) - 1]));
    const float* d = pca.components().row(a);
    CHECK(*std::max_element(d, d + width, [](float u, float v) { return std::abs(u) < std::abs(v); }) > 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; ++i) {
      const double v = y[static_cast<std::size_t>(i * width + a)];
      sum += v;
      squares += v * v;
    }
    CHECK(sum / n == Approx(0).margin(1e-5));
    CHECK(squares / (n - 1) == Approx(pca.variances()[static_cast<std::size_t>(a)]).epsilon(1e-5));
  }
  const distance_to_rows before(rows, feature_distance::l2), after({y.data(), n, width}, feature_distance::l2);
  for (int j = 0; j < n; ++j) REQUIRE(after(y.data(), 0, j) == Approx(before(x.data(), 0, j)).epsilon(1e-5).margin(1e-5));
  CHECK(principal_components(rows, 3).explained() < 1);
}

TEST_CASE("lsh: rows of the rotation are orthonormal, or its columns where there are more bits than features", "[retrieval]") {
  const auto x = normal(40 * 12, 2);
  serial_executor serial;
  for (const int bits : {1, 5, 12}) {
    const lsh few({x.data(), 40, 12}, bits, 7, serial);
    for (int a = 0; a < bits; ++a)
      for (int b = 0; b <= a; ++b) REQUIRE(product(few.rotation(), a, b) == Approx(a == b).margin(float_rounding));
  }
  const lsh many({x.data(), 40, 12}, 100, 7, serial);
  for (int c = 0; c < 12; ++c)
    for (int d = 0; d <= c; ++d) {
      double sum = 0;
      for (int b = 0; b < 100; ++b) sum += double{many.rotation().row(b)[c]} * many.rotation().row(b)[d];
      REQUIRE(sum == Approx(c == d).margin(float_rounding));
    }
}

TEST_CASE("lsh: each bit splits the training rows in halves", "[retrieval]") {
  const int n = 501, width = 16, bits = 70;
  const auto x = normal(n * width, 3);
  serial_executor serial;
  const lsh hash({x.data(), n, width}, bits, 1, serial);
  const auto codes = hash.encode({x.data(), n, width}, serial);
  CHECK(codes.words_per_row() == 2);
  for (int b = 0; b < bits; ++b) {
    int ones = 0;
    for (int i = 0; i < n; ++i) ones += (codes.row(i)[static_cast<std::size_t>(b) / 64] >> b % 64 & 1) != 0;
    REQUIRE(ones == 251);  // the median and the 250 above it
  }
  for (int i = 0; i < n; ++i) REQUIRE(codes.row(i)[1] >> 6 == 0);
}

TEST_CASE("lsh: Hamming distances count bits, grow with the angle, and depend on the seed alone", "[retrieval]") {
  const std::vector<std::uint64_t> a{0b1011, ~0ull}, b{0b0001, 0};
  CHECK(binary_codes::hamming(a, b) == 66);
  const int n = 400, width = 32, bits = 256;
  auto x = normal(n * width, 4);
  for (int c = 0; c < width; ++c) {
    x[static_cast<std::size_t>(width + c)] = x[static_cast<std::size_t>(c)] + .05f * x[static_cast<std::size_t>(width + c)];  // row 1 near row 0
    x[static_cast<std::size_t>(2 * width + c)] = -x[static_cast<std::size_t>(c)];                                             // row 2 opposite
  }
  const rows_view<const float> rows{x.data(), n, width};
  serial_executor serial;
  thread_pool pool(3);
  const lsh hash(rows, bits, 1, serial);
  const auto codes = hash.encode(rows, pool);
  CHECK(codes.distance(0, 0) == 0);
  CHECK(codes.distance(0, 1) < bits / 16);  // an angle near .05: about 256 * .05 / pi = 4 bits
  CHECK(codes.distance(0, 2) > bits * 15 / 16);
  CHECK(codes.distance(0, 3) == codes.distance(3, 0));
  CHECK(lsh(rows, bits, 1, pool).encode(rows, serial).words == codes.words);
  CHECK(lsh(rows, bits, 2, serial).encode(rows, serial).words != codes.words);
}

TEST_CASE("compression: identical features and single rows work", "[retrieval]") {
  const std::vector<float> same(12, .5f);
  serial_executor serial;
  const principal_components pca({same.data(), 4, 3}, 2);
  CHECK(pca.explained() == 1);
  for (const float v : pca.project({same.data(), 4, 3}, serial)) CHECK(v == Approx(0).margin(float_rounding));
  const auto codes = lsh({same.data(), 1, 12}, 5, 1, serial).encode({same.data(), 1, 12}, serial);
  CHECK(codes.words[0] == 31);
}

TEST_CASE("compression: bad input is an error that says what was wanted", "[retrieval]") {
  auto x = normal(12, 5);
  serial_executor serial;
  const rows_view<const float> rows{x.data(), 4, 3};
  CHECK_THROWS_WITH(principal_components(rows, 4), "principal_components: found 4 dimensions, wanted 1 to 3, the width of the features");
  CHECK_THROWS_WITH(principal_components({x.data(), 1, 3}, 1), "principal_components: found 1 training rows, wanted at least 2");
  CHECK_THROWS_WITH(principal_components(rows, 2).project({x.data(), 3, 4}, serial),
                    "principal_components::project: found rows of 4 values, wanted 3 as in training");
  CHECK_THROWS_WITH(lsh(rows, 0, 1, serial), "lsh: found 0 bits, wanted 1 to 65536");
  CHECK_THROWS_WITH(lsh({x.data(), 0, 3}, 4, 1, serial), "lsh: found no training rows, wanted at least one");
  CHECK_THROWS_WITH(lsh(rows, 4, 1, serial).encode({x.data(), 6, 2}, serial), "lsh::encode: found rows of 2 values, wanted 3 as in training");
  x[5] = std::nanf("");
  CHECK_THROWS_WITH(principal_components(rows, 2), Catch::Matchers::Contains("value 2 of row 1 of the training rows is nan"));
  CHECK_THROWS_WITH(lsh(rows, 4, 1, serial), Catch::Matchers::Contains("value 2 of row 1 of the training rows is nan"));
}
