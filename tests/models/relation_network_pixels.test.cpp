// tests/models/relation_network_pixels.test.cpp -- the networks from pixels: sizes, and the released checkpoints on real pictures and questions.
// Needs ../shared/data/clevr-rn-pretrained for the latter; reference_outputs.json there is by an independent float32 pass.
#include "relreason/models/relation_network_pixels.hpp"

#include <simdjson.h>

#include <cmath>
#include <map>

#include "catch.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/data/npy.hpp"
#include "relreason/train/picture_answers.hpp"
#include "support/shared_data.hpp"

using namespace relreason;
namespace px = models::from_pixels;
namespace asked = px::by_picture;

namespace {

const std::string folder = "clevr-rn-pretrained/";
const load_options published{.names = px::published_names()}, published_two_stage{.names = asked::published_two_stage_names()};
constexpr const char *rn_file = "original_fp_epoch_493.safetensors", *two_stage_file = "ir_fp_epoch_312.safetensors";

template <class M>
std::size_t parameter_count() {
  std::size_t n = 0;
  for (const auto& e : parameters<M>::table().entries) n += e.count;
  return n;
}

// The same equations over numbers in [0, 1], for a picture that bytes cannot say exactly.
template <class Sum>
using from_numbers = model<input<"image", maps<3, 128, 128>, px::question>, input<"w", ids<82>, px::word>, let<"c1", px::conv, of<"image">>,
                           let<"n1", px::norm, of<"c1">>, let<"c2", px::conv, of<"n1">>, let<"n2", px::norm, of<"c2">>, let<"c3", px::conv, of<"n2">>,
                           let<"n3", px::norm, of<"c3">>, let<"c4", px::conv, of<"n3">>, let<"n4", px::norm, of<"c4">>,
                           let<"o", grid_objects<px::cell>, of<"n4">>, let<"q", last_state<lstm<128>, embedding<32>>, of<"w">>,
                           let<"r", Sum, of<"o", "o", "q">>, let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<28>>, of<"r">>>;
template <int At>
using pair_sum = sum_over<px::pair, mlp<relu<256>, relu<256>, relu<256>, relu<256>>, question_at<At>>;

struct made {
  double question = 0, sum = 0;
  std::vector<float> logits = std::vector<float>(28);
};
// Oracle 9's picture: 0.4 everywhere, (0.7, 0.15, 0.15) in rows 40 to 63 and columns 56 to 79; words 1 to 12 after five pads.
template <class M>
made oracle_picture(const std::string& weights) {
  parameters<M> p(1);
  load_weights(safetensors::open(weights), p, published);
  limits<M> at;
  at.template set<px::word>(17);
  const predictor<M, float, "q", "r", "a"> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace();
  batch<M> b;
  b.add_sample();
  for (int y = 0; y < 128; ++y)
    for (int x = 0; x < 128; ++x)
      for (int c = 0; c < 3; ++c) b.template push<"image">(y < 40 || y > 63 || x < 56 || x > 79 ? .4f : c == 0 ? .7f : .15f);
  b.template count<px::word>(12);
  for (int w = 1; w <= 12; ++w) b.template push<"w">(w);
  b.template space<px::word>().padded = 17;
  made m;
  std::vector<float> q(128), r(256);
  predict.run(own, b, {q.data(), r.data(), m.logits.data()});
  for (const float v : q) m.question += static_cast<double>(v);
  for (const float v : r) m.sum += static_cast<double>(v);
  return m;
}

struct reference {
  std::vector<clevr::question> questions;
  std::vector<std::array<std::vector<double>, 2>> log_probabilities;  // of rn, of two_stage_rn
};
reference read_reference(const std::string& path) {
  reference out;
  simdjson::dom::parser parser;
  const simdjson::dom::element file = parser.load(path);
  for (const simdjson::dom::element row : file["rows"].get_array()) {
    clevr::question q;
    q.question_index = static_cast<int>(out.questions.size());
    q.image_filename = std::string(row["image"].get_string().value());
    q.text = std::string(row["question"].get_string().value());
    q.answer = std::string(row["answer"].get_string().value());
    out.questions.push_back(q);
    auto& both = out.log_probabilities.emplace_back();
    for (const int k : {0, 1})
      for (const double v : row[k ? "ir_fp" : "original_fp"]["log_softmax"].get_array()) both[static_cast<std::size_t>(k)].push_back(v);
  }
  return out;
}

struct outcome {
  int right = 0, other_argmax = 0;
  double apart = 0;
};
template <class M>
outcome compare(const std::string& root, const char* weights, const reference& wanted, std::size_t which, const load_options& how) {
  thread_pool two(2);
  const picture_answers<M> network(root + weights, root + "dictionary.json", two, how);
  outcome o;
  network.each(wanted.questions, root + "images128", 45, "", [&](std::size_t q, const float* logits) {
    const auto& reference = wanted.log_probabilities[q][which];
    double found[28];
    log_softmax(logits, 28, found);
    auto sorted = reference;
    std::sort(sorted.rbegin(), sorted.rend());
    const int best = static_cast<int>(std::max_element(reference.begin(), reference.end()) - reference.begin());
    if (sorted[0] - sorted[1] > .05 && metric::largest_of(logits, 28) != best) ++o.other_argmax;
    for (std::size_t i = 0; i < 28; ++i) o.apart = std::max(o.apart, std::abs(found[i] - reference[i]));
    o.right += network.vocabulary().answers.name(metric::largest_of(logits, 28)) == wanted.questions[q].answer;
  });
  return o;
}

// Largest difference from a stored array of rows.
template <name Feature>
double features_apart(const std::string& root, const char* stored) {
  parameters<px::two_stage_rn> p(1);
  load_weights(safetensors::open(root + two_stage_file), p, published);
  limits<px::two_stage_rn> at{.samples = 8};
  at.set<px::word>(1);
  const predictor<px::two_stage_rn, float, Feature> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace();
  const std::vector<float> rows = npy::file(root + stored).values<float>();
  std::ifstream list(root + "ir_features_files.txt");
  std::vector<float> found(256 * 8);
  double most = 0;
  std::string name;
  for (int k = 0; k < 8 && std::getline(list, name);) {
    batch<px::two_stage_rn> b;
    b.add_sample();
    const image picture = read_image(root + "images128/" + name);
    b.template push<"image">(picture.pixels.data(), picture.pixels.size());
    b.template count<px::word>(1);
    b.template push<"w">(1);
    b.template space<px::word>().padded = 1;
    predict.run(own, b, {found.data()});
    for (std::size_t j = 0; j < 256; ++j)
      most = std::max(most, static_cast<double>(std::abs(found[j] - rows[static_cast<std::size_t>(k) * 256 + j])));
    ++k;
  }
  return most;
}

}  // namespace

TEST_CASE("from pixels: as many parameters as published") {
  CHECK(parameter_count<px::rn>() == 484580);
  CHECK(parameter_count<px::two_stage_rn>() == 484580);
  CHECK(parameter_count<px::avf_rn>() == 801508);
  CHECK(parameter_count<asked::rn>() == 484580);
  CHECK(parameter_count<asked::two_stage_rn>() == 484580);
  CHECK(parameter_count<asked::avf_rn>() == 801508);
  CHECK(parameter_count<px::cnn_multilabel>() == 16488 + 24 * 15 + 15 + 15 * 15 + 15);
}

TEST_CASE("from pixels: the released checkpoints compute the spec's numbers for a made picture") {
  const auto root = shared_data(folder);
  if (!root) return;
  constexpr double tolerance = 2e-3;
  const made rn = oracle_picture<from_numbers<pair_sum<0>>>(*root + rn_file);
  CHECK(rn.question == Approx(-.91405).margin(tolerance));
  CHECK(rn.sum == Approx(51.403).margin(tolerance));
  const double wanted_rn[6]{17.8354, -3.0074, 17.5891, -1.5718, -1.0563, -2.2776};
  for (std::size_t i = 0; i < 6; ++i) CHECK(static_cast<double>(rn.logits[i]) == Approx(wanted_rn[i]).margin(tolerance));
  const made two = oracle_picture<from_numbers<pair_sum<2>>>(*root + two_stage_file);
  CHECK(two.question == Approx(1.46979).margin(tolerance));
  CHECK(two.sum == Approx(101.775).margin(tolerance));
  const double wanted_two[6]{19.5183, -5.5846, 18.7684, -3.3438, -4.4089, -1.8264};
  for (std::size_t i = 0; i < 6; ++i) CHECK(static_cast<double>(two.logits[i]) == Approx(wanted_two[i]).margin(tolerance));
}

TEST_CASE("from pixels: 160 real questions are answered as by the reference, 90.0 and 89.4 % of them right", "[trains]") {
  const auto root = shared_data(folder);
  if (!root) return;
  const reference wanted = read_reference(*root + "reference_outputs.json");
  REQUIRE(wanted.questions.size() == 160);
  constexpr double tolerance = 2e-4;
  const outcome rn = compare<asked::rn>(*root, rn_file, wanted, 0, published);
  CHECK(rn.right == 144);
  CHECK(rn.other_argmax == 0);
  CHECK(rn.apart < tolerance);
  const outcome two = compare<asked::two_stage_rn>(*root, two_stage_file, wanted, 1, published_two_stage);
  CHECK(two.right == 143);
  CHECK(two.other_argmax == 0);
  CHECK(two.apart < tolerance);
}

TEST_CASE("from pixels: 39 and 38 of the 40 first training questions of CLEVR are answered right") {
  const auto root = shared_data(folder), pictures = shared_data("clevr/images/train"), file = shared_data("clevr/questions");
  if (!root || !pictures || !file) return;
  thread_pool two(2);
  const auto questions = clevr::read_questions(*file + "/CLEVR_train_questions_mini.json");
  REQUIRE(questions.size() == 40);
  const auto right = [&](const auto& network) {
    int n = 0;
    network.each(questions, *pictures, 45, "", [&](std::size_t q, const float* logits) {
      n += network.vocabulary().answers.name(metric::largest_of(logits, 28)) == questions[q].answer;
    });
    return n;
  };
  CHECK(right(picture_answers<asked::rn>(*root + rn_file, *root + "dictionary.json", two, published)) == 39);
  CHECK(right(picture_answers<asked::two_stage_rn>(*root + two_stage_file, *root + "dictionary.json", two, published_two_stage)) == 38);
}

TEST_CASE("from pixels: a picture that the networks never saw, with 5 and with 20 pads before the question") {
  const auto root = shared_data(folder), pictures = shared_data("clevr/images/val");
  if (!root || !pictures) return;
  const std::pair<const char*, const char*> asked[]{{"What material is the cyan cylinder?", "metal"},
                                                    {"What material is the tiny sphere?", "rubber"},
                                                    {"What color is the big sphere?", "blue"},
                                                    {"What shape is the purple object?", "cube"},
                                                    {"What size is the matte sphere?", "small"},
                                                    {"What color is the sphere right of the cyan cylinder?", "red"},
                                                    {"How many green things are there?", "0"},
                                                    {"How many purple things are there?", "1"},
                                                    {"How many tiny cubes are there?", "2"},
                                                    {"How many cubes are there?", "3"},
                                                    {"How many large things are there?", "3"},
                                                    {"How many shiny things are there?", "5"},
                                                    {"How many things are there?", "7"},
                                                    {"Are there more cubes than green things?", "yes"},
                                                    {"Are there more big green things than large purple shiny cubes?", "no"}};
  thread_pool two(2);
  const auto check = [&](const auto& network) {
    for (const auto& one : asked)
      for (const int pads : {5, 20}) {
        clevr::question q;
        q.text = one.first;
        q.image_filename = "CLEVR_val_000013.png";
        const int length = static_cast<int>(network.vocabulary().words.encode(q).size());
        network.each({q}, *pictures, length + pads, "", [&](std::size_t, const float* logits) {
          INFO(one.first << " after " << pads << " pads");
          CHECK(network.vocabulary().answers.name(metric::largest_of(logits, 28)) == one.second);
        });
      }
  };
  check(picture_answers<asked::rn>(*root + rn_file, *root + "dictionary.json", two, published));
  check(picture_answers<asked::two_stage_rn>(*root + two_stage_file, *root + "dictionary.json", two, published_two_stage));
}

TEST_CASE("from pixels: features of 2S-RN are the stored ones") {
  const auto root = shared_data(folder);
  if (!root) return;
  constexpr double tolerance = 1e-5;
  CHECK(features_apart<"r.mean">(*root, "ir_features_g2_mean.npy") < tolerance);
  CHECK(features_apart<"r.max">(*root, "ir_features_g2_max.npy") < tolerance);
}
