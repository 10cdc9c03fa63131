// tests/message/pytorch.test.cpp -- sum_over in all its variants agrees with PyTorch: r, logits, loss and all gradients.
#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

// The probes read the gradients of objects and question.
using read_objects = let<"po", toy::probe<9>, of<"o">>;
using read_question = let<"pq", toy::probe<3>, of<"q">>;

template <class G, class... Options>
using asked = model<input<"o", features<3>, object>, input<"q", features<2>, scene>, input<"label", label<3>, scene>, read_objects, read_question,
                    let<"r", sum_over<pair, G, Options...>, of<"po", "po", "pq">>, let<"f", mlp<relu<6>, linear<3>>, of<"r">>,
                    minimize<cross_entropy<>, of<"f", "label">>>;
template <class By>  // the question joins at the second layer after the aggregation
using avf = model<input<"o", features<3>, object>, input<"q", features<2>, scene>, input<"label", label<3>, scene>, read_objects, read_question,
                  let<"r", sum_over<pair, mlp<relu<5>, relu<4>, relu<6>>, By>, of<"po", "po">>, let<"f0", mlp<relu<4>>, of<"r">>,
                  let<"f", mlp<relu<5>, linear<3>>, of<"f0", "pq">>, minimize<cross_entropy<>, of<"f", "label">>>;
using avf_asked_at_aggregation = model<input<"o", features<3>, object>, input<"q", features<2>, scene>, input<"label", label<3>, scene>, read_objects,
                                       read_question, let<"r", sum_over<pair, mlp<relu<5>, relu<4>, relu<6>>, by_weights<3>>, of<"po", "po">>,
                                       let<"f", mlp<relu<4>, relu<5>, linear<3>>, of<"r", "pq">>, minimize<cross_entropy<>, of<"f", "label">>>;

template <class M>
double gap(const std::string& name, std::vector<std::pair<std::string, std::string>> more = {}) {
  const reference r(name);
  batch<M, double> b;
  for (const int n : r.integers("input.counts")) {
    b.add_sample();
    b.template count<object>(n);
  }
  b.template values<"o">() = r.values("input.objects");
  b.template values<"q">() = r.values("input.q");
  b.template values<"label">() = r.integers("input.labels");
  limits<M> at;
  at.samples = 3;
  at.template set<object>(6);
  name_table names{{{"po", "input.objects"}, {"pq", "input.q"}, {"r.", ""}}};
  names.entries.insert(names.entries.end(), more.begin(), more.end());
  return reference_gap<M, "r", "f">(r, at, b, names, {"r", "logits"});
}

using g = mlp<relu<5>, relu<4>>;
using g2 = mlp<relu<5>, relu<4>, relu<5>, relu<4>>;

}  // namespace

TEST_CASE("sum_over agrees with PyTorch: zero objects that take part", "[message][pytorch]") {
  CHECK(gap<asked<g, padded<6>>>("rn_sum_padded") < reference_tolerance);
  CHECK(gap<asked<g, padded<6>, by_mean>>("rn_mean_padded") < reference_tolerance);
  CHECK(gap<asked<g, padded<6>, by_max>>("rn_max_padded") < reference_tolerance);
  CHECK(gap<asked<g, padded<6>>>("rn_sum_padded_empty") < reference_tolerance);
  CHECK(gap<asked<g, padded<6>, by_mean>>("rn_mean_padded_empty") < reference_tolerance);
  CHECK(gap<asked<g, padded<6>, by_max>>("rn_max_padded_empty") < reference_tolerance);
}

TEST_CASE("sum_over agrees with PyTorch: true objects only", "[message][pytorch]") {
  CHECK(gap<asked<g>>("rn_sum_masked") < reference_tolerance);
  CHECK(gap<asked<g, by_mean>>("rn_mean_masked") < reference_tolerance);
  CHECK(gap<asked<g, by_max>>("rn_max_masked") < reference_tolerance);
  CHECK(gap<asked<g>>("rn_sum_masked_empty") < reference_tolerance);
  CHECK(gap<asked<g, by_mean>>("rn_mean_masked_empty") < reference_tolerance);
  CHECK(gap<asked<g, by_max>>("rn_max_masked_empty") < reference_tolerance);
}

TEST_CASE("sum_over agrees with PyTorch: the question at the third layer", "[message][pytorch]") {
  CHECK(gap<asked<g2, padded<6>, question_at<2>>>("rn2s_sum_padded") < reference_tolerance);
  CHECK(gap<asked<g2, padded<6>, by_mean, question_at<2>>>("rn2s_mean_padded") < reference_tolerance);
  CHECK(gap<asked<g2, padded<6>, by_max, question_at<2>>>("rn2s_max_padded") < reference_tolerance);
  CHECK(gap<asked<g2, question_at<2>>>("rn2s_sum_masked") < reference_tolerance);
  CHECK(gap<asked<g2, by_mean, question_at<2>>>("rn2s_mean_masked") < reference_tolerance);
  CHECK(gap<asked<g2, by_max, question_at<2>>>("rn2s_max_masked") < reference_tolerance);
}

TEST_CASE("sum_over agrees with PyTorch: the question after the aggregation, and learned weights of pairs", "[message][pytorch]") {
  const std::vector<std::pair<std::string, std::string>> split{{"f0.", "f."}, {"f.0.", "f.1."}, {"f.1.", "f.2."}};
  CHECK(gap<avf<by_sum>>("avf_sum", split) < reference_tolerance);
  CHECK(gap<avf<by_mean>>("avf_mean", split) < reference_tolerance);
  CHECK(gap<avf<by_weights<3>>>("avf_weighted_sum", split) < reference_tolerance);
  CHECK(gap<avf_asked_at_aggregation>("avf_q_at_aggregation") < reference_tolerance);
}
