// relreason/train/clevr_model.hpp -- a trained network over CLEVR's scene descriptions: loaded with all it needs to read questions and name answers.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "relreason/data/atomic_file.hpp"
#include "relreason/data/clevr_dictionary.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/train/checkpoint.hpp"
#include "relreason/train/clevr_questions.hpp"
#include "relreason/train/evaluate.hpp"

namespace relreason {

// Words, answers and encoder, as a checkpoint keeps them.
struct clevr_vocabulary {
  clevr::dictionary words = clevr::dictionary::closed();
  clevr::answer_list answers;
  std::string encoder = "ordinal7";  // or rgb-one-hot

  // From names as a command line gives them. dictionary: "closed", CLEVR's 82 words; "scan", the words of the training questions; "": closed
  // where the tokenization allows it.
  static clevr_vocabulary make(const std::string& tokenization, std::string dictionary, const std::string& encoder,
                               const std::vector<clevr::question>& training) {
    const auto how = tokenization_of(tokenization, "clevr_vocabulary::make");
    if (dictionary.empty()) dictionary = how == clevr::tokenization::punctuation ? "closed" : "scan";
    if (dictionary != "closed" && dictionary != "scan") fail("clevr_vocabulary::make: dictionary ", dictionary, "; wanted closed or scan");
    if (dictionary == "closed" && how != clevr::tokenization::punctuation)
      fail("clevr_vocabulary::make: the closed dictionary has punctuation tokens; tokenization ", tokenization, " wants dictionary scan");
    check_encoder(encoder, "clevr_vocabulary::make");
    return {dictionary == "closed" ? clevr::dictionary::closed() : clevr::dictionary::scan(training, how), {}, encoder};
  }

  // Of published weights, from a JSON file, for a network with room for so many words and answers. Numbers that the file leaves open go to the words
  // and answers of CLEVR that it lacks, in their order: what the weights hold there must be learned anew.
  static clevr_vocabulary published(const std::string& path, int n_words, int n_answers) {
    const auto found = clevr::read_dictionary(path, n_words, n_answers);
    return {clevr::dictionary(found.words.how(), filled(found.words.words(), clevr::closed_words)),
            clevr::answer_list(filled(found.answers.names(), clevr::answers)), "ordinal7"};
  }

  void save(std::map<std::string, std::string>& to) const {
    to["tokenization"] = clevr::tokenization_names[static_cast<std::size_t>(words.how())];
    to["words"] = joined(words.words());
    to["answers"] = joined(answers.names());
    to["encoder"] = encoder;
  }
  static clevr_vocabulary load(const std::map<std::string, std::string>& from, const std::string& path) {
    const auto get = [&](const char* key) -> const std::string& {
      const auto found = from.find(key);
      if (found == from.end()) fail("clevr_vocabulary: ", path, " has no setting \"", key, "\"; is it a checkpoint of rn_clevr?");
      return found->second;
    };
    const std::string who = "clevr_vocabulary: " + path;
    check_encoder(get("encoder"), who);
    return {clevr::dictionary(tokenization_of(get("tokenization"), who), split(get("words"))), clevr::answer_list(split(get("answers"))),
            get("encoder")};
  }

  int object_width() const { return encoder == "ordinal7" ? clevr::ordinal7::width : clevr::rgb_one_hot::width; }
  scene_questions encode(const clevr::dataset& d) const { return encode(d, object_width()); }
  // Objects as rows of `width` numbers, zeros after the encoder's.
  scene_questions encode(const clevr::dataset& d, int width) const {
    auto set = encoder == "ordinal7" ? clevr::encode<clevr::ordinal7>(d.scenes, d.questions, d.scene_of, words, answers, width, d.from)
                                     : clevr::encode<clevr::rgb_one_hot>(d.scenes, d.questions, d.scene_of, words, answers, width, d.from);
    set.pictures = d.pictures;
    return set;
  }
  // For a model with "o" or "image" (or neither), "w" and "a": refused where it has no room for words, answers or objects, or lacks its pictures.
  template <class M>
  scene_questions encode_for(const clevr::dataset& d) const {
    constexpr int w = M::template find<"w">(), a = M::template find<"a">();
    constexpr int limit = M::info[static_cast<std::size_t>(w)].limit, classes = M::info[static_cast<std::size_t>(a)].width;
    if (words.size() >= limit) fail("clevr_vocabulary: ", words.size(), " words; the model has room for ", limit - 1);
    if (answers.size() != classes) fail("clevr_vocabulary: ", answers.size(), " answers; the model gives ", classes);
    int width = object_width();
    if constexpr (has_input<M, "o">) {
      constexpr int room = M::info[static_cast<std::size_t>(M::template find<"o">())].width;
      if (width > room) fail("clevr_vocabulary: encoder ", encoder, " makes ", width, " numbers an object; the model reads ", room);
      width = room;
    }
    auto set = encode(d, width);
    if constexpr (has_input<M, "image">) check_pictures<M>(set, "clevr_vocabulary");
    return set;
  }

 private:
  static clevr::tokenization tokenization_of(const std::string& name, const std::string& who) {
    for (std::size_t how = 0; how < clevr::tokenization_names.size(); ++how)
      if (name == clevr::tokenization_names[how]) return static_cast<clevr::tokenization>(how);
    fail(who, ": tokenization ", name, "; wanted punctuation, words or iep");
  }
  static void check_encoder(const std::string& name, const std::string& who) {
    if (name != "ordinal7" && name != "rgb-one-hot") fail(who, ": encoder ", name, "; wanted ordinal7 or rgb-one-hot");
  }
  // Names such as "<17>" become those of `all` that are missing.
  template <class All>
  static std::vector<std::string> filled(std::vector<std::string> names, const All& all) {
    auto open = names.begin();
    for (const auto name : all) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      open = std::find_if(open, names.end(), [](const std::string& n) { return n.starts_with('<') && n.ends_with('>'); });
      if (open == names.end()) break;
      *open++ = name;
    }
    return names;
  }
  static std::string joined(const std::vector<std::string>& v) {
    std::string out;
    for (const auto& w : v) out += (out.empty() ? "" : "\n") + w;
    return out;
  }
  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
};

// Training and evaluation compare with answers: refuses a set without questions, or with one that has no answer.
inline void require_answers(const clevr::dataset& d) {
  if (d.questions.empty()) fail("clevr: ", clevr::in_file(d.from.questions), "found no questions; wanted at least one");
  for (const auto& q : d.questions)
    if (q.answer.empty())
      fail("clevr: ", clevr::in_file(d.from.questions), "question ", q.question_index, " has no answer; use predict, or a split with answers");
}

// Log-probabilities of one question's logits.
inline void log_softmax(const float* logits, int n, double* out) {
  const double all = log_sum_exp(logits, n);
  for (int i = 0; i < n; ++i) out[i] = static_cast<double>(logits[i]) - all;
}

// {"question_index":3,"answer":"yes","log_probabilities":[-0.1,...]} and the line's end.
inline std::string prediction_line(int question_index, const clevr::answer_list& answers, const float* logits) {
  const int n = answers.size();
  std::vector<double> p(static_cast<std::size_t>(n));
  log_softmax(logits, n, p.data());
  std::string line = "{\"question_index\":" + std::to_string(question_index) + ",\"answer\":";
  detail::append_json_string(line, answers.name(metric::largest_of(logits, n)));
  line += ",\"log_probabilities\":[";
  char number[32];
  for (int i = 0; i < n; ++i) {
    std::snprintf(number, sizeof number, "%s%.6f", i ? "," : "", p[static_cast<std::size_t>(i)]);
    line += number;
  }
  return line + "]}\n";
}

// A checkpoint, ready to answer. Questions are padded to the one length that the checkpoint holds, or to pad_to: an answer depends on it.
template <class M, class Object, class Word>
class clevr_model {
 public:
  clevr_model(const std::string& path, executor& threads, int pad_to = 0, isa instructions = isa::automatic)
      : threads_(threads), kernel_(select_kernels<float>(instructions)) {
    const auto file = safetensors::open(path);
    record_ = read_record(file);
    vocabulary_ = clevr_vocabulary::load(record_.settings, path);
    if (const auto& found = file.metadata().at("model"); found != model_hash<M>())
      fail("clevr_model: ", path, " holds model ", found, " (\"", record_.settings["model"], "\"), wanted ", model_hash<M>());
    load_weights(file, weights_, {.allow_extra = true});
    constexpr int most = 1000;
    if (pad_to < 0 || pad_to > most) fail("clevr_model: questions padded to ", pad_to, " tokens; wanted 1 to ", most, ", or 0 for the checkpoint's");
    const auto stored = detail::whole_value(record_.settings["padding_length"], path, "setting.padding_length");
    if (stored > most) fail("clevr_model: ", path, ": setting.padding_length is ", stored, "; wanted at most ", most);
    pad_ = pad_to > 0 ? pad_to : static_cast<int>(stored);
    if (record_.settings["arithmetic"] == "bf16") kernel_bf16_ = &select_kernels<float>(instructions, precision::bf16);
  }

  const clevr_vocabulary& vocabulary() const { return vocabulary_; }
  int padding_length() const { return pad_; }

  metric::accuracy evaluate(const clevr::dataset& d) const {
    require_answers(d);
    metric::accuracy result(clevr::scheme_of(vocabulary_.answers));
    const auto set = vocabulary_.encode_for<M>(d);
    check_lengths(set, d);
    each(set, [&](std::int32_t q, const float* logits) {
      const auto i = static_cast<std::size_t>(q);
      result.add(logits, set.label[i], set.type[i]);
    });
    return result;
  }

  // One JSON line per question: question_index, answer, log_probabilities in the order of the vocabulary's answers.
  void predict(const clevr::dataset& d, const std::string& out, bool require_objects = false) const {
    if (d.questions.empty()) fail("predict: ", clevr::in_file(d.from.questions), "found no questions, wanted at least one; nothing was written");
    if (require_objects)
      for (const auto& s : d.scenes)
        if (s.objects.empty())
          fail("predict: ", clevr::in_file(d.from.scenes), "scene ", s.image_index,
               " has no objects; drop --require-objects to count it as an empty scene");
    const auto set = vocabulary_.encode_for<M>(d);
    check_lengths(set, d);
    atomic_file file(out);
    each(set, [&](std::int32_t q, const float* logits) {
      file.write(prediction_line(d.questions[static_cast<std::size_t>(q)].question_index, vocabulary_.answers, logits));
    });
    file.commit();
  }

 private:
  void check_lengths(const scene_questions& set, const clevr::dataset& d) const {
    for (std::size_t q = 0; q < set.size(); ++q)
      if (set.length(q) > pad_)
        fail("clevr_model: ", clevr::in_file(d.from.questions), "question ", d.questions[q].question_index, " has ", set.length(q),
             " tokens, more than the padded length ", pad_, "; give a --pad-to of at least ", set.longest(), " (answers may change with it)");
  }
  template <class Each>
  void each(const scene_questions& set, Each&& call) const {
    limits<M> at;
    at.samples = 256;
    if constexpr (M::template space<Object>() >= 0) at.template set<Object>(std::max(1, set.most_objects()));
    at.template set<Word>(std::max(1, pad_));
    answerer<M, Object, Word> answers(weights_, at, kernel_bf16_ ? *kernel_bf16_ : kernel_, threads_);
    std::vector<std::int32_t> order(set.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
    answers.answer(set, order, pad_, call);
  }

  executor& threads_;
  const kernels<float>& kernel_;
  const kernels<float>* kernel_bf16_ = nullptr;
  run_state_record record_;
  clevr_vocabulary vocabulary_;
  parameters<M> weights_;
  int pad_ = 0;
};

// "exist  97.1 %  of 134" per question type and answer class, and over all.
inline std::string accuracy_table(const metric::accuracy& a) {
  std::string out;
  char line[96];
  const auto row = [&](const std::string& name, const metric::tally& t) {
    if (t.total == 0) return;
    std::snprintf(line, sizeof line, "%-20s %6.2f %%  of %lld\n", name.c_str(), 100 * t.share(), static_cast<long long>(t.total));
    out += line;
  };
  row("all", a.overall());
  for (std::size_t i = 0; i < a.scheme().types.size(); ++i) row(a.scheme().types[i], a.by_type(static_cast<int>(i)));
  for (std::size_t i = 0; i < a.scheme().classes.size(); ++i) row("answer: " + a.scheme().classes[i], a.by_class(static_cast<int>(i)));
  std::snprintf(line, sizeof line, "%-20s %6.2f %%\n", "wrong answer class", 100 * a.invalid().share());
  return out + line;
}

}  // namespace relreason
