// tests/models/relation_network_by_picture.test.cpp -- several questions about one picture get the answers that each of them gets alone; their
// gradients.
#include "relreason/models/relation_network_by_picture.hpp"

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/train/weights.hpp"
#include "support/gradient_check.hpp"
#include "support/small_by_picture.hpp"

using namespace relreason;
namespace px = models::from_pixels;
namespace asked = px::by_picture;

namespace {

// Questions about three pictures, words of each.
const std::vector<std::vector<std::vector<int>>> questions{{{1, 2, 3}, {4, 5}, {6, 7, 8, 9}}, {{10}}, {{11, 12}, {13, 14, 15}}};
constexpr int padded = 6;

template <class M, class Word>
void push_words(batch<M>& b, const std::vector<int>& words) {
  b.template count<Word>(static_cast<int>(words.size()));
  b.template push<"w">(words.data(), words.size());
}
template <class M>
std::vector<float> logits(const batch<M>& b, const limits<M>& at, const parameters<M>& p) {
  thread_pool two(2);
  const predictor<M, float, "a"> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace(&two);
  std::vector<float> a(static_cast<std::size_t>(predict.template rows<"a">(b)) * px::answers);
  predict.run(own, b, {a.data()});
  return a;
}

// The largest difference between logits asked together and one by one, as a share of the largest logit.
template <class Together, class Single>
float apart(const name_table& names) {
  parameters<Single> single(4);
  for (const auto& e : single.table().entries)  // widely spread, so that questions and pictures differ
    for (std::size_t i = 0; i < e.count && e.path.ends_with("bias"); ++i) single.data()[e.offset + i] += .1f * static_cast<float>(i % 3);
  parameters<Together> together(5);
  for (const auto& e : together.table().entries) std::copy_n(single.find(names(e.path)), e.count, together.data() + e.offset);

  std::vector<std::uint8_t> picture(3 * px::side * px::side);
  batch<Together> several;
  batch<Single> one;
  int shade = 0;
  for (const auto& about : questions) {
    for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<std::uint8_t>(i * i / 7 * static_cast<std::size_t>(++shade % 5 + 1));
    several.add_sample();
    several.template push<"image">(picture.data(), picture.size());
    several.template count<asked::question>(static_cast<int>(about.size()));
    for (const auto& words : about) {
      push_words<Together, asked::word>(several, words);
      one.add_sample();
      one.template push<"image">(picture.data(), picture.size());
      push_words<Single, px::word>(one, words);
    }
  }
  several.template space<asked::word>().padded = one.template space<px::word>().padded = padded;
  limits<Together> some{.samples = 3};
  some.template set<asked::question>(3).template set<asked::word>(padded);
  limits<Single> all{.samples = 6};
  all.template set<px::word>(padded);
  const auto a = logits(several, some, together), b = logits(one, all, single);
  REQUIRE(a.size() == b.size());
  REQUIRE(a.size() == 6 * px::answers);
  float most = 0, spread = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    size = std::max(size, std::abs(b[i]));
    spread = std::max(spread, std::abs(b[i] - b[i % px::answers]));
  }
  CHECK(spread > 1e-3f * size);
  return most / size;
}

}  // namespace

TEST_CASE("by picture: RN, 2S-RN and AVF-RN answer several questions about one picture as they answer each alone", "[trains]") {
  constexpr float tolerance = 2e-5f;  // other orders of sums, in float
  CHECK(apart<asked::rn, px::rn>({}) < tolerance);
  CHECK(apart<asked::two_stage_rn, px::two_stage_rn>(asked::two_stage_names()) < tolerance);
  CHECK(apart<asked::avf_rn, px::avf_rn>({}) < tolerance);
}

namespace {

// Beside gradient_tolerance of a check without kinks: of 33,000 values behind a ReLU a few lie within a step of 0.
constexpr double kinks = 1e-6;
template <class M>
void check_gradients() {
  const auto at = small_by_picture::planned<M>();
  const auto b = small_by_picture::pictures<M, double>();
  parameters<M, double> p(3);
  INFO(M::info[M::n - 2].id.view());
  CHECK(gradient_gap_by_array(at, b, p, {.seed = 5, .step = 1}) < kinks);
  CHECK(gradient_share(at, b, p) > .1);  // words and units of f that are not asked, or dropped, have none
}

}  // namespace

TEST_CASE("by picture: gradients of RN, 2S-RN and AVF-RN, 8 units wide on pairs, agree with differences along every array") {
  check_gradients<small_by_picture::rn>();
  check_gradients<small_by_picture::two_stage_rn>();
  check_gradients<small_by_picture::avf_rn>();
}
