// tests/embedding/eigen.test.cpp -- matrices of Eigen as a batch, predictions and weights as matrices of Eigen; beside xtensor's door.
#include "relreason/data/eigen.hpp"

#include <cstring>
#include <vector>

#include "catch.hpp"
#include "embedding/product.hpp"
#include "relreason/data/xtensor.hpp"
#include "support/message_of.hpp"

using namespace product;

namespace {

using rows_first = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

TEST_CASE("embedding: a batch from Eigen's matrices gives the same predictions, into a matrix", "[embedding][eigen]") {
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  auto own = predict.make_workspace();
  constexpr int n = 3;
  batch<net> by_hand;
  by_hand.space<word>().padded = words;
  for (int s = 0; s < n; ++s) add_scene(by_hand, s, objects);
  std::vector<float> expected(n * answers);
  predict.run(own, by_hand, {expected.data()});

  // One matrix of all objects, with a scene more on either side: a block of whole rows lies in memory as rows do.
  rows_first o = rows_first::Constant((n + 2) * objects, 3, 1e30f);
  o.middleRows(objects, n * objects) = Eigen::Map<const rows_first>(by_hand.values<"o">().data(), n * objects, 3);
  const Eigen::VectorXi w = Eigen::Map<const Eigen::VectorXi>(by_hand.values<"w">().data(), n * words);
  const Eigen::VectorXi object_counts = Eigen::VectorXi::Constant(n, objects), word_counts = Eigen::VectorXi::Constant(n, words);
  batch<net> b;
  b.space<word>().padded = words;
  b.add_sample(n);
  b.counts<object>(as_rows(object_counts));
  b.push<"o">(as_rows(o.middleRows(objects, n * objects)));
  b.counts<word>(as_rows(word_counts));
  b.push<"w">(as_rows(w));
  rows_first a(n, answers);
  predict.run(own, b, as_rows(a));
  CHECK(std::memcmp(a.data(), expected.data(), expected.size() * sizeof(float)) == 0);

  // Weights have the shape of PyTorch: (out, in).
  const auto last = as_matrix(weights, "a.1.weight");
  CHECK(last.rows() == answers);
  CHECK(last.cols() == 16);
  CHECK(last(1, 2) == weights.find("a.1.weight")[1 * 16 + 2]);
  CHECK(as_matrix(weights, "a.1.bias").rows() == answers);
  CHECK(as_matrix(weights, "a.1.bias").cols() == 1);
}

TEST_CASE("embedding: weights changed through Eigen change the predictions", "[embedding][eigen]") {
  parameters<net> weights(7);
  as_matrix(weights, "a.1.weight").setZero();
  as_matrix(weights, "a.1.bias").col(0) = Eigen::VectorXf::LinSpaced(answers, 0, 1);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  auto own = predict.make_workspace();
  rows_first a(scenes, answers);
  predict.run(own, some_scenes(), as_rows(a));
  for (int s = 0; s < scenes; ++s) CHECK(a.row(s).isApprox(Eigen::RowVectorXf::LinSpaced(answers, 0, 1)));
}

TEST_CASE("embedding: Eigen's parts that do not lie as rows are refused; maps and rows of one matrix are not", "[embedding][eigen]") {
  rows_first m(4, 6);
  for (int i = 0; i < 24; ++i) m.data()[i] = static_cast<float>(i);
  CHECK(contains(message_of([&] { as_rows(m.leftCols(3)); }), "as_rows: found rows 6 and values 1 apart, wanted 3 and 1"));
  const Eigen::Map<rows_first, 0, Eigen::OuterStride<>> every_second(m.data(), 2, 6, Eigen::OuterStride<>(12));
  CHECK(contains(message_of([&] { as_rows(every_second); }), "found rows 12 and values 1 apart, wanted 6"));
  CHECK(contains(message_of([&] { as_rows(m.col(2)); }), "found rows 6 and values 1 apart, wanted 1"));
  const auto one = as_rows(m.row(2));
  CHECK(one.rows == 1);
  CHECK(one.width == 6);
  CHECK(one.data[0] == 12);
  CHECK(as_matrix(one).isApprox(m.row(2)));
  const rows_view<float> half{m.data() + 12, 2, 6};
  as_matrix(half).setConstant(-1);
  CHECK(m(2, 0) == -1);
  CHECK(m(1, 5) == 11);
  STATIC_REQUIRE(std::is_same_v<decltype(as_rows(std::as_const(m))), rows_view<const float>>);
  CHECK(as_rows(rows_first(m).eval().topRows(0)).rows == 0);
}
