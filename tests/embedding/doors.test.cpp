// tests/embedding/doors.test.cpp -- arrays of the host as a batch, and predictions as arrays of the host: xtensor and .npy.
#include <cstring>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "embedding/product.hpp"
#include "relreason/data/npy.hpp"
#include "relreason/data/xtensor.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace product;

namespace {

constexpr int n = 3;  // scenes, each with all its objects: arrays have no ragged axes

// The same scenes, filled number by number.
batch<net> by_hand() {
  batch<net> b;
  b.space<word>().padded = words;
  for (int s = 0; s < n; ++s) add_scene(b, s, objects);
  return b;
}
struct arrays {
  xt::xtensor<float, 3> o = xt::xtensor<float, 3>::from_shape({n, objects, 3});
  xt::xtensor<long, 2> w = xt::xtensor<long, 2>::from_shape({n, words});
  arrays() {
    auto b = by_hand();
    std::copy(b.values<"o">().begin(), b.values<"o">().end(), o.begin());
    std::copy(b.values<"w">().begin(), b.values<"w">().end(), w.begin());
  }
};

struct setup {
  parameters<net> weights{7};
  net_predictor predict{weights, planned(), select_kernels<float>()};
  net_predictor::workspace own{predict};
  std::vector<float> expected = std::vector<float>(n * answers);
  setup() { predict.run(own, by_hand(), {expected.data()}); }
};

}  // namespace

TEST_CASE("embedding: a batch from xtensor arrays gives the same predictions, into an xtensor array", "[embedding][xtensor]") {
  setup s;
  const arrays in;
  const xt::xtensor<unsigned char, 1> object_counts{objects, objects, objects};
  const xt::xtensor<long long, 1> word_counts{words, words, words};
  batch<net> b;
  b.space<word>().padded = words;
  b.add_sample(n);
  b.counts<object>(as_rows(object_counts));
  b.push<"o">(as_rows(in.o, 2));  // (scenes, objects, 3): two axes count rows
  b.counts<word>(as_rows(word_counts));
  b.push<"w">(as_rows(in.w, 2));
  CHECK(net_predictor::rows<"a">(b) == n);
  STATIC_REQUIRE(net_predictor::width<"a">() == answers);

  xt::xtensor<float, 2> a({n, answers});
  s.predict.run(s.own, b, as_rows(a));
  CHECK(std::memcmp(a.data(), s.expected.data(), s.expected.size() * sizeof(float)) == 0);

  xt::xarray<double> doubles = in.o;  // a model of floats takes doubles, rounded
  b.values<"o">().clear();
  b.push<"o">(as_rows(doubles, 2));
  a.fill(0);
  s.predict.run(s.own, b, as_rows(a));
  CHECK(std::memcmp(a.data(), s.expected.data(), s.expected.size() * sizeof(float)) == 0);
}

TEST_CASE("embedding: arrays of the wrong shape are refused, with what was found and wanted", "[embedding][xtensor]") {
  setup s;
  const arrays in;
  batch<net> b;
  b.space<word>().padded = words;
  CHECK(contains(message_of([&] { b.push<"o">(as_rows(in.o)); }), "batch: input \"o\": found rows of 12 values, wanted 3 per row"));
  CHECK(contains(message_of([&] { b.push<"w">(as_rows(in.w)); }), "batch: input \"w\": found rows of 6 values, wanted 1 per row"));
  CHECK(contains(message_of([&] { as_rows(in.o, 4); }), "as_rows: 4 leading axes cannot count the rows of an array of 3; wanted 1 to 3"));
  CHECK(contains(message_of([&] { as_rows(in.o, 0); }), "as_rows: 0 leading axes"));
  const xt::xtensor<int, 2> counts{{objects, objects, objects}};
  CHECK(contains(message_of([&] { b.counts<object>(as_rows(counts)); }), "found rows of 3 values, wanted one count per parent"));
  CHECK(b.values<"o">().empty());
  CHECK(b.space<object>().offsets.size() == 1);

  b.add_sample(n);
  for (int i = 0; i < n; ++i) b.count<object>(objects), b.count<word>(words);
  const xt::xtensor<float, 2> short_by_one({n * objects - 1, 3}, 0.5f);
  b.push<"o">(as_rows(short_by_one));
  b.push<"w">(as_rows(in.w, 2));
  xt::xtensor<float, 2> a({n, answers});
  CHECK(contains(message_of([&] { s.predict.run(s.own, b, as_rows(a)); }), "input \"o\" has 33 values; wanted 12 rows of"));

  const auto good = by_hand();
  xt::xtensor<float, 2> few({n - 1, answers}), narrow({n, answers - 1});
  CHECK(message_of([&] { s.predict.run(s.own, good, as_rows(few)); }) == "predictor: the rows for \"a\" are (2, 5), wanted (3, 5)");
  CHECK(message_of([&] { s.predict.run(s.own, good, as_rows(narrow)); }) == "predictor: the rows for \"a\" are (3, 4), wanted (3, 5)");
  CHECK(contains(message_of([&] { s.predict.run(s.own, good, rows_view<float>{nullptr, n, answers}); }), "have no memory"));
}

TEST_CASE("embedding: numbers that the model's types cannot hold are refused, and nothing is appended", "[embedding][xtensor]") {
  batch<net> b;
  b.space<word>().padded = words;
  const xt::xtensor<long, 1> ids{1, 2, 1L << 40};
  CHECK(contains(message_of([&] { b.push<"w">(as_rows(ids)); }), "batch: input \"w\": value 0 of row 2 is 1099511627776, too large"));
  const xt::xtensor<double, 2> x{{0, 0, 0}, {0, 1e300, 0}};
  CHECK(contains(message_of([&] { b.push<"o">(as_rows(x)); }), "batch: input \"o\": value 1 of row 1 is 1e+300, too large"));
  const xt::xtensor<unsigned long, 1> counts{1, std::numeric_limits<unsigned long>::max()};
  CHECK(contains(message_of([&] { b.counts<object>(as_rows(counts)); }), "counts<object>: count 1 is 18446744073709551615, which is no int"));
  CHECK(b.values<"w">().empty());
  CHECK(b.values<"o">().empty());
  CHECK(b.space<object>().offsets.size() == 1);
  b.count<object>(std::numeric_limits<int>::max());
  CHECK(contains(message_of([&] { b.count<object>(1); }), "batch: 2147483648 entries of object in one batch"));
}

TEST_CASE("embedding: several values, and side results on pairs, into checked rows", "[embedding][xtensor]") {
  using two = predictor<net, float, "r.pairs", "a">;
  const parameters<net> weights(7);
  const two predict(weights, planned(), select_kernels<float>());
  auto own = predict.make_workspace();
  const auto b = some_scenes();  // 0 1 2 3 4 0 1 2 objects
  CHECK(two::rows<"r.pairs">(b) == 0 + 1 + 4 + 9 + 16 + 0 + 1 + 4);
  STATIC_REQUIRE(two::width<"r.pairs">() == 1);
  xt::xtensor<float, 1> pairs = xt::xtensor<float, 1>::from_shape({35});
  xt::xtensor<float, 2> a({scenes, answers});
  predict.run(own, b, as_rows(pairs), as_rows(a));
  std::vector<float> expected_pairs(35), expected_a(scenes * answers);
  predict.run(own, b, {expected_pairs.data(), expected_a.data()});
  CHECK(std::equal(expected_pairs.begin(), expected_pairs.end(), pairs.begin()));
  CHECK(std::equal(expected_a.begin(), expected_a.end(), a.begin()));
  xt::xtensor<float, 1> few = xt::xtensor<float, 1>::from_shape({34});
  CHECK(contains(message_of([&] { predict.run(own, b, as_rows(few), as_rows(a)); }), "rows for \"r.pairs\" are (34, 1), wanted (35, 1)"));
}

TEST_CASE("embedding: a batch from .npy files, and predictions as one", "[embedding][npy]") {
  setup s;
  const temporary_folder folder;
  const arrays in;
  npy::write(folder / "o.npy", in.o.data(), {n * objects, 3});
  npy::write(folder / "w.npy", in.w.data(), {n * words});
  std::vector<float> o;
  std::vector<long> w;
  batch<net> b;
  b.space<word>().padded = words;
  b.add_sample(n);
  for (int i = 0; i < n; ++i) b.count<object>(objects), b.count<word>(words);
  b.push<"o">(npy::open(folder / "o.npy").rows(o));
  b.push<"w">(npy::open(folder / "w.npy").rows(w));
  std::vector<float> a(n * answers);
  const rows_view<float> out{a.data(), n, answers};
  s.predict.run(s.own, b, out);
  CHECK(a == s.expected);
  npy::write(folder / "a.npy", out);
  const auto back = npy::open(folder / "a.npy");
  CHECK(back.shape() == std::vector<std::int64_t>{n, answers});
  CHECK(back.values<float>() == a);

  CHECK(contains(message_of([&] { npy::open(folder / "w.npy").rows(o); }), "found elements of type I64, wanted F16, BF16, F32 or F64"));
  const float one = 1;
  npy::write(folder / "scalar.npy", &one, {});
  CHECK(contains(message_of([&] { npy::open(folder / "scalar.npy").rows(o); }), "npy::rows: " + (folder / "scalar.npy") + ": found a single number"));
}
