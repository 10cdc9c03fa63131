// tests/message/oracles.test.cpp -- sum_over against values by hand and against its definition written out.
#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

template <int K, class G, class... Options>
using unasked = model<input<"o", features<K>, object>, let<"r", sum_over<pair, G, Options...>, of<"o", "o">>, minimize<toy::half_square, of<"r">>>;
template <int K, int Q, class G, class... Options>
using asked = model<input<"o", features<K>, object>, input<"q", features<Q>, scene>, let<"r", sum_over<pair, G, Options...>, of<"o", "o", "q">>,
                    minimize<toy::half_square, of<"r">>>;
// The same, every pair's row [o_b ; o_a ; q] given: the definition without factoring.
template <int Width, class G>
using concatenated = model<input<"o", features<1>, object>, input<"x", features<Width>, pair>, let<"z", pool<object>, of<"o">>, let<"g", G, of<"x">>,
                           let<"r", pool<pair>, of<"g">>, output<"z">, minimize<toy::half_square, of<"r">>>;

template <class M, name N, class T>
std::vector<T> predicted(const parameters<M, T>& p, const batch<M, T>& b, std::size_t size) {
  limits<M> at;
  at.samples = 4;
  at.template set<object>(12);
  predictor<M, T, N> predict(p, at, select_kernels<T>());
  typename predictor<M, T, N>::workspace own(predict);
  std::vector<T> to(size);
  predict.run(own, b, {to.data()});
  return to;
}
template <class M>
batch<M, double> scenes(const std::vector<std::vector<double>>& objects, const std::vector<double>& question = {}) {
  batch<M, double> b;
  for (const auto& o : objects) {
    b.add_sample();
    b.template count<object>(static_cast<int>(o.size()) / M::info[0].width);
    b.template push<"o">(o.data(), o.size());
    if constexpr (M::template find<"q">() >= 0) b.template push<"q">(question.data(), question.size());
  }
  return b;
}
template <class M>
void set(parameters<M, double>& p, const char* path, const std::vector<double>& v) {
  std::copy(v.begin(), v.end(), p.find(path));
}
template <class M>
void set_identity(parameters<M, double>& p, std::size_t n) {
  std::fill_n(p.data(), p.learned(), 0.0);
  for (std::size_t i = 0; i < n; ++i) p.find("r.g.0.weight")[i * n + i] = 1;
}
std::vector<double> random_values(std::size_t n, std::uint64_t stream) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = 2 * static_cast<double>(philox::uniform(11, stream, i)) - 1;
  return v;
}
template <class A>
double largest_gap(const std::vector<A>& a, const std::vector<A>& b) {  // relative to the largest entry
  double gap = a.size() == b.size() ? 0 : 1e300, size = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    gap = std::max(gap, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    size = std::max(size, std::abs(static_cast<double>(a[i])));
  }
  return size > 0 ? gap / size : 1e300;
}

}  // namespace

TEST_CASE("oracle 1: with the identity for g, r is n times the sum of objects, twice, and the question n^2 times", "[message][oracle]") {
  using m = unasked<2, mlp<linear<4>>>;
  parameters<m, double> p;
  set_identity(p, 4);
  const auto b = scenes<m>({{1, 2, 3, -1}});
  CHECK(predicted<m, "r">(p, b, 4) == std::vector<double>{8, 2, 8, 2});
  const auto sizes = predicted<m, "r.pairs">(p, b, 4);  // |[o_b ; o_a]|, rows a * 2 + b
  CHECK(sizes[0] == Approx(std::sqrt(10.0)));
  CHECK(sizes[1] == Approx(std::sqrt(15.0)));
  CHECK(sizes[2] == Approx(std::sqrt(15.0)));
  CHECK(sizes[3] == Approx(std::sqrt(20.0)));
  using with_question = asked<2, 1, mlp<linear<5>>>;
  parameters<with_question, double> q;
  set_identity(q, 5);
  CHECK(predicted<with_question, "r">(q, scenes<with_question>({{1, 2, 3, -1}}, {5}), 5) == std::vector<double>{8, 2, 8, 2, 20});
}

TEST_CASE("oracle 1: the first columns act on the sender b, and each pair has its own row", "[message][oracle]") {
  using m = unasked<1, mlp<linear<2>>, by_weights<2>>;
  parameters<m, double> p;
  set_identity(p, 2);
  set(p, "r.agg.weight", {0, 1, 0, 0});  // only the pair a = 0, b = 1
  CHECK(predicted<m, "r">(p, scenes<m>({{3, 7}}), 2) == std::vector<double>{7, 3});
  const auto sizes = predicted<m, "r.pairs">(p, scenes<m>({{3, 7}}), 4);  // a pair's part of r has its weight
  CHECK(sizes[0] == 0);
  CHECK(sizes[1] == Approx(std::sqrt(58.0)));
}

TEST_CASE("oracle 2: one unit", "[message][oracle]") {
  using m = unasked<1, mlp<relu<1>>>;
  parameters<m, double> p;
  const auto b = scenes<m>({{1, 3}});
  set(p, "r.g.0.weight", {1, -1});
  CHECK(predicted<m, "r">(p, b, 1)[0] == 2);
  set(p, "r.g.0.weight", {1, 1});
  CHECK(predicted<m, "r">(p, b, 1)[0] == 16);
}

TEST_CASE("oracle 3: the order of objects changes a weighted sum only; weights of 1 sum and of 1 / n^2 average", "[message][oracle]") {
  using g = mlp<relu<6>, relu<5>>;
  using sum = unasked<3, g>;
  using mean = unasked<3, g, by_mean>;
  using weighted = unasked<3, g, by_weights<3>>;
  const parameters<sum, double> p(4);
  const parameters<mean, double> q(4);
  parameters<weighted, double> w(4);
  const auto o = random_values(9, 1);
  const std::vector<double> turned{o[3], o[4], o[5], o[6], o[7], o[8], o[0], o[1], o[2]};
  const auto r = predicted<sum, "r">(p, scenes<sum>({o}), 5);
  CHECK(largest_gap(r, predicted<sum, "r">(p, scenes<sum>({turned}), 5)) < 1e-14);
  CHECK(largest_gap(predicted<weighted, "r">(w, scenes<weighted>({o}), 5), predicted<weighted, "r">(w, scenes<weighted>({turned}), 5)) > 1e-2);
  std::fill_n(w.find("r.agg.weight"), 9, 1.0);
  CHECK(largest_gap(r, predicted<weighted, "r">(w, scenes<weighted>({o}), 5)) < 1e-14);
  std::fill_n(w.find("r.agg.weight"), 9, 1.0 / 9);
  CHECK(largest_gap(predicted<mean, "r">(q, scenes<mean>({o}), 5), predicted<weighted, "r">(w, scenes<weighted>({o}), 5)) < 1e-14);
}

TEST_CASE("oracle 4: factored and concatenated agree in float, forward and all gradients", "[message][oracle]") {
  using g = mlp<relu<32>, relu<32>, relu<16>>;
  using factored = asked<7, 9, g>;
  using plain = concatenated<23, g>;
  parameters<factored, float> p(4);
  parameters<plain, float> q;
  for (const auto& e : q.table().entries) std::copy_n(p.find("r." + e.path), e.count, q.data() + e.offset);
  batch<factored> b;
  batch<plain> c;
  for (const int n : {12, 1, 5}) {
    const auto o = random_values(static_cast<std::size_t>(7 * n), 20), question = random_values(9, static_cast<std::uint64_t>(n));
    b.add_sample(), c.add_sample();
    b.count<object>(n), c.count<object>(n);
    for (const double v : o) b.push<"o">(v);
    for (const double v : question) b.push<"q">(v);
    for (int i = 0; i < n; ++i) c.push<"o">(0.f);
    for (int receiver = 0; receiver < n; ++receiver)
      for (int sender = 0; sender < n; ++sender) {
        for (int j = 0; j < 7; ++j) c.push<"x">(o[static_cast<std::size_t>(7 * sender + j)]);
        for (int j = 0; j < 7; ++j) c.push<"x">(o[static_cast<std::size_t>(7 * receiver + j)]);
        for (const double v : question) c.push<"x">(v);
      }
  }
  constexpr double float_tolerance = 1e-5;  // sums of float over up to 4,096 pairs
  CHECK(largest_gap(predicted<factored, "r">(p, b, 48), predicted<plain, "r">(q, c, 48)) < float_tolerance);
  serial_executor serial;
  limits<factored> at_factored;
  limits<plain> at_plain;
  at_factored.samples = at_plain.samples = 3;
  at_factored.set<object>(12), at_plain.set<object>(12);
  gradient_program<factored> one(at_factored, serial, select_kernels<float>());
  gradient_program<plain> other(at_plain, serial, select_kernels<float>());
  one.run(b, p, {});
  other.run(c, q, {});
  for (const auto& e : q.table().entries) {
    INFO(e.path);
    const float *found = one.gradients().data() + p.entry("r." + e.path).offset, *wanted = other.gradients().data() + e.offset;
    CHECK(largest_gap(std::vector<float>(found, found + e.count), std::vector<float>(wanted, wanted + e.count)) < float_tolerance);
  }
}

TEMPLATE_TEST_CASE("oracle 5: merged zero objects are the 12 slots written out, for 0, 3, 10 and 12 objects", "[message][oracle]", by_sum, by_mean,
                   by_max) {
  using g = mlp<relu<9>, relu<8>>;
  using merged = asked<7, 4, g, padded<12>, TestType>;
  using written_out = asked<7, 4, g, TestType>;
  parameters<merged, double> p(4);
  parameters<written_out, double> q(4);
  std::vector<std::vector<double>> few, full;
  for (const std::size_t n : {0u, 3u, 10u, 12u}) {
    few.push_back(random_values(7 * n, n));
    full.push_back(few.back());
    full.back().resize(7 * 12, 0.0);
  }
  const auto question = random_values(4, 99);
  const auto b = scenes<merged>(few, question);
  const auto c = scenes<written_out>(full, question);
  CHECK(largest_gap(predicted<merged, "r">(p, b, 32), predicted<written_out, "r">(q, c, 32)) < 1e-13);
  serial_executor serial;
  limits<merged> at;
  limits<written_out> at_full;
  at.samples = at_full.samples = 4;
  at.template set<object>(12), at_full.template set<object>(12);
  gradient_program<merged, double> one(at, serial, select_kernels<double>());
  gradient_program<written_out, double> other(at_full, serial, select_kernels<double>());
  one.run(b, p, {});
  other.run(c, q, {});
  CHECK(largest_gap(std::vector<double>(one.gradients().begin(), one.gradients().end()),
                    std::vector<double>(other.gradients().begin(), other.gradients().end())) < 1e-13);
}
