// tests/data/clevr_text.test.cpp -- tokens, dictionaries and answers.
#include "relreason/data/clevr_text.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/data/clevr_files.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

namespace clevr = relreason::clevr;
using clevr::tokenization;
using strings = std::vector<std::string>;

namespace {

clevr::question asked(const std::string& text, const std::string& answer = "", int index = 0) {
  clevr::question q;
  q.text = text, q.answer = answer, q.question_index = index;
  return q;
}

}  // namespace

TEST_CASE("clevr_text: punctuation-level tokens", "[data][clevr]") {
  const auto tokens = [](const char* text) { return clevr::tokenize(text, tokenization::punctuation); };
  REQUIRE(tokens("There is a Ball; what is its size?") == strings{"there", "is", "a", "ball", ";", "what", "is", "its", "size", "?"});
  REQUIRE(tokens("a.b,c;d:e!f?(g)") == strings{"a", ".", "b", ",", "c", ";", "d", ":", "e", "!", "f", "?", "(", "g", ")"});
  REQUIRE(tokens("  a \t\n b  ") == strings{"a", "b"});
  REQUIRE(tokens("").empty());
  REQUIRE(tokens("\xc3\x89t\xc3\xa9 it's") == strings{"\xc3\x89t\xc3\xa9", "it's"});
}

TEST_CASE("clevr_text: word-level tokens keep their punctuation", "[data][clevr]") {
  REQUIRE(clevr::tokenize("There is a Ball;  what size?", tokenization::words) == strings{"there", "is", "a", "ball;", "what", "size?"});
}

TEST_CASE("clevr_text: iep tokens keep case, ';' and ',', and drop '?' and '.'", "[data][clevr]") {
  REQUIRE(clevr::tokenize("There is a Ball; what, size?", tokenization::iep) == strings{"There", "is", "a", "Ball", ";", "what", ",", "size"});
  REQUIRE(clevr::tokenize("a  b", tokenization::iep) == strings{"a", "", "b"});
}

TEST_CASE("clevr_text: a dictionary counts from 1 in order of first appearance", "[data][clevr]") {
  const std::vector<clevr::question> questions{asked("Is it red?"), asked("Is a cube red?")};
  const auto d = clevr::dictionary::scan(questions, tokenization::punctuation);
  REQUIRE(d.words() == strings{"is", "it", "red", "?", "a", "cube"});
  REQUIRE(d.rows() == 7);
  REQUIRE(d.encode("A cube is it?") == std::vector<int>{5, 6, 1, 2, 4});
  REQUIRE(clevr::dictionary::scan(questions, tokenization::words).words() == strings{"is", "it", "red?", "a", "cube"});
}

TEST_CASE("clevr_text: an iep dictionary is sorted behind its four special tokens", "[data][clevr]") {
  const std::vector<clevr::question> questions{asked("Is it red?"), asked("Is a cube red?")};
  const auto d = clevr::dictionary::scan(questions, tokenization::iep);
  REQUIRE(d.words() == strings{"<START>", "<END>", "<UNK>", "Is", "a", "cube", "it", "red"});
  REQUIRE(d.encode("Is it") == std::vector<int>{1, 4, 7, 2});
  REQUIRE(contains(message_of([] { clevr::dictionary(tokenization::iep, {"a"}); }), "found no <START> as word 1 of an iep dictionary"));
}

TEST_CASE("clevr_text: the closed dictionary has 82 words in byte order", "[data][clevr]") {
  const auto d = clevr::dictionary::closed();
  REQUIRE(d.rows() == 83);
  REQUIRE(std::is_sorted(d.words().begin(), d.words().end()));
  REQUIRE(d.find(";") == 1);
  REQUIRE(d.find("yellow") == 82);
}

TEST_CASE("clevr_text: a word never seen is an error that names the question", "[data][clevr]") {
  const auto text = message_of([] { clevr::dictionary::closed().encode(asked("Is it pink?", "", 17)); });
  REQUIRE(contains(text, "question 17, \"Is it pink?\": found word \"pink\", wanted one of the 82 words"));
  REQUIRE(contains(message_of([] {
                     clevr::dictionary(tokenization::words, {"a", "b", "a"});
                   }),
                   "found word \"a\" at 3 and before, wanted each once"));
}

TEST_CASE("clevr_text: answers have labels, in our order or in another", "[data][clevr]") {
  const clevr::answer_list ours;
  REQUIRE(ours.size() == 28);
  REQUIRE(ours.label(asked("", "10")) == 10);
  REQUIRE(ours.label(asked("", "no")) == 27);
  for (int i = 0; i < 28; ++i) REQUIRE(ours.label(asked("", ours.name(i))) == i);
  const auto scanned = clevr::answer_list::scan(std::vector{asked("", "yes"), asked("", "2"), asked(""), asked("", "yes"), asked("", "no")});
  REQUIRE(scanned.names() == strings{"yes", "2", "no"});
  REQUIRE(contains(message_of([&] { scanned.label(asked("", "3", 5)); }), "question 5: found answer \"3\", wanted one of the 3 known"));
  REQUIRE(contains(message_of([&] { scanned.label(asked("", "", 6)); }), "question 6: found no answer"));
  REQUIRE(contains(message_of([&] { scanned.label(asked("", "", 6), "q.json"); }), "clevr::answer_list: q.json: question 6: found no answer"));
  REQUIRE(contains(message_of([&] { scanned.name(3); }), "found label 3, wanted 0 to 2"));
  REQUIRE(contains(message_of([] { clevr::answer_list({"a", "a"}); }), "found answer \"a\" at 1 and before"));
}

TEST_CASE("clevr_text: the six classes of answers", "[data][clevr]") {
  const char* cases[][2] = {{"0", "number"},   {"10", "number"},   {"rubber", "material"}, {"metal", "material"},
                            {"cyan", "color"}, {"brown", "color"}, {"sphere", "shape"},    {"cylinder", "shape"},
                            {"large", "size"}, {"small", "size"},  {"yes", "exist"},       {"no", "exist"}};
  for (const auto& [answer, name] : cases) REQUIRE(clevr::answer_classes[static_cast<std::size_t>(clevr::answer_class(answer))] == name);
  REQUIRE(clevr::answer_class("11") == -1);
}

TEST_CASE("clevr_text: real questions lie within the closed dictionary and 50 tokens", "[data][clevr]") {
  const auto d = clevr::dictionary::closed();
  const clevr::answer_list answers;
  for (const char* file : {"clevr/questions/CLEVR_train_questions_mini.json", "clevr/questions/CLEVR_val_questions_mini.json"})
    if (const auto path = shared_data(file))
      for (const clevr::question& q : clevr::read_questions(*path)) {
        REQUIRE(d.encode(q).size() <= clevr::max_question_tokens);
        REQUIRE(answers.label(q) >= 0);
      }
}

// The released network's words 1 to 12 are known from its behaviour (order of first appearance in the training questions).
TEST_CASE("clevr_text: the scan of the first training questions begins as the released dictionary", "[data][clevr]") {
  if (const auto path = shared_data("clevr/questions/CLEVR_train_questions_mini.json")) {
    const auto questions = clevr::read_questions(*path);
    const auto words = clevr::dictionary::scan(questions, tokenization::punctuation).words();
    REQUIRE(strings(words.begin(), words.begin() + 36) ==
            strings{"are", "there", "more",   "big",  "green", "things",   "than",  "large", "purple", "shiny",    "cubes", "?",
                    "how", "many",  "other",  "of",   "the",   "same",     "shape", "as",    "tiny",   "cyan",     "matte", "object",
                    "is",  "color", "sphere", "cube", "what",  "material", "that",  "right", "brown",  "cylinder", "and",   "left"});
    const auto answers = clevr::answer_list::scan(questions).names();
    REQUIRE(strings(answers.begin(), answers.begin() + 4) == strings{"yes", "2", "no", "rubber"});
  }
}
