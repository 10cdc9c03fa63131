// tests/train/transfer.test.cpp -- the CNN of the multi-label run begins an RN, the CNN and two layers of a 2S-RN begin an AVF-RN; what does not fit is said.
#include "relreason/train/transfer.hpp"

#include "catch.hpp"
#include "relreason/models/picture_baselines.hpp"
#include "relreason/train/clevr_model.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
namespace px = models::from_pixels;

namespace {

template <class M>
std::vector<float> array_of(const parameters<M>& p, const std::string& path) {
  for (const auto& e : p.table().entries)
    if (e.path == path) return {p.data() + e.offset, p.data() + e.offset + e.count};
  for (const auto& e : p.table().states)
    if (e.path == path) return {p.state() + e.offset, p.state() + e.offset + e.count};
  FAIL("no array " << path);
  return {};
}
template <class M>
std::string saved(const temporary_folder& folder, const parameters<M>& p) {
  const std::string path = folder / "weights.safetensors";
  safetensors::writer w;
  add_weights(w, p);
  w.write(path);
  return path;
}
template <class M>
transfer begin_with(const std::string& file, parameters<M>& p, const std::string& parts = "") {
  const auto from = safetensors::open(file);
  const auto plan = plan_transfer<M>(from, parts);
  load_weights(from, p, plan.how);
  return plan;
}

}  // namespace

TEST_CASE("transfer: from the multi-label CNN an RN takes the CNN and its running statistics, and keeps the rest", "[train]") {
  const temporary_folder folder;
  parameters<px::cnn_multilabel> cnn(1);
  for (std::size_t i = 0; i < cnn.table().states[0].count; ++i) cnn.state()[i] = static_cast<float>(i);
  parameters<px::rn> rn(2);
  const parameters<px::rn> before = rn;
  const auto plan = begin_with(saved(folder, cnn), rn);
  CHECK(plan.parts == "cnn");
  CHECK(plan.taken == 16);  // four convolutions and four norms, weight and bias each
  CHECK(!plan.published);
  for (const char* path : {"c1.weight", "c4.bias", "n2.weight", "n1.running_mean"}) CHECK(array_of(rn, path) == array_of(cnn, path));
  for (const char* path : {"r.g.0.weight", "a.2.weight", "q.embedding.weight"}) CHECK(array_of(rn, path) == array_of(before, path));
}

TEST_CASE("transfer: from 2S-RN an AVF-RN takes the CNN and the first two layers of g", "[train]") {
  const temporary_folder folder;
  const parameters<px::two_stage_rn> two(3);
  const auto file = saved(folder, two);
  parameters<px::avf_rn> avf(4);
  const parameters<px::avf_rn> before = avf;
  const auto plan = begin_with(file, avf);
  CHECK(plan.parts == "cnn,v.g.0.,v.g.1.");
  CHECK(plan.taken == 20);
  CHECK(array_of(avf, "c3.weight") == array_of(two, "c3.weight"));
  CHECK(array_of(avf, "v.g.0.weight") == array_of(two, "r.g.0.weight"));
  CHECK(array_of(avf, "v.g.1.bias") == array_of(two, "r.g.1.bias"));
  for (const char* path : {"v.g.2.weight", "q.embedding.weight", "h.0.weight"}) CHECK(array_of(avf, path) == array_of(before, path));

  parameters<px::two_stage_rn> again(5);
  CHECK(begin_with(file, again).parts == "all");
  CHECK(array_of(again, "a.2.weight") == array_of(two, "a.2.weight"));
  parameters<px::cnn_lstm> lstm(6);
  CHECK(begin_with(file, lstm, "cnn,q.").taken == 21);  // and embedding, two weights and two biases of the LSTM
  CHECK(array_of(lstm, "q.embedding.weight") == array_of(two, "q.embedding.weight"));
}

TEST_CASE("transfer: parts that the model has not, and arrays of another shape, are named; nothing is changed", "[train]") {
  const temporary_folder folder;
  const parameters<px::rn> rn(3);
  const auto file = saved(folder, rn);
  parameters<px::two_stage_rn> two(4);
  const auto before = array_of(two, "c1.weight");
  const auto refused = [&](const std::string& parts) { return message_of([&] { begin_with(file, two, parts); }); };
  CHECK(contains(refused("cnn,v.g.0."), "found the part \"v.g.0.\", but no array of the model begins with \"v.g.0.\""));
  CHECK(contains(refused("cnn,,q."), "found the part \"\""));
  CHECK(contains(refused("cnn,all"), "wanted \"all\" alone"));
  CHECK(contains(refused("cnn,r.g.0."), "shape: r.g.0.weight is (256, 180), wanted (256, 52)"));
  CHECK(array_of(two, "c1.weight") == before);
}

TEST_CASE("transfer: words and answers that a published dictionary lacks get the numbers that it leaves free", "[train]") {
  const temporary_folder folder;
  const auto file = folder / "dictionary.json";
  put_content(file, R"({"question_words": {"yellow": 1, "are": 3}, "answers": {"yes": 2, "0": 1}})");
  const auto v = clevr_vocabulary::published(file, px::words, px::answers);
  REQUIRE(v.words.size() == px::words);
  REQUIRE(v.answers.size() == px::answers);
  CHECK(v.words.find("yellow") == 1);
  CHECK(v.words.find("are") == 3);
  CHECK(v.words.find(";") == 2);  // the first of CLEVR's words
  CHECK(v.words.find("?") == 4);
  CHECK(v.words.find("what") == px::words);  // the last but "yellow"
  CHECK(v.answers.name(0) == "0");
  CHECK(v.answers.name(1) == "yes");
  CHECK(v.answers.name(2) == "1");
  CHECK(v.answers.name(27) == "no");
}

TEST_CASE("transfer: the released weights begin our networks under their published names", "[train]") {
  const auto rn_file = shared_data("clevr-rn-pretrained/original_fp_epoch_493.safetensors");
  const auto two_file = shared_data("clevr-rn-pretrained/ir_fp_epoch_312.safetensors");
  if (!rn_file || !two_file) return;
  parameters<px::rn> rn(1);
  const auto plan = begin_with(*rn_file, rn);
  CHECK(plan.published);
  CHECK(plan.parts == "all");
  CHECK(plan.taken == plan.of);
  parameters<px::avf_rn> avf(1);
  CHECK(begin_with(*two_file, avf).parts == "cnn,v.g.0.,v.g.1.");
  parameters<px::two_stage_rn> two(1);
  begin_with(*two_file, two);
  CHECK(array_of(avf, "v.g.1.weight") == array_of(two, "r.g.1.weight"));
  parameters<px::cnn_multilabel> cnn(1);
  CHECK(begin_with(*rn_file, cnn).parts == "cnn");
  CHECK(array_of(cnn, "n3.running_var") == array_of(rn, "n3.running_var"));
}
