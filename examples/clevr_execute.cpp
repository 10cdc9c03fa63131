// examples/clevr_execute.cpp -- runs the programs of CLEVR questions on their scenes and compares with the stored answers.
// Expect that all agree; the exit status is 1 unless they do.
#include <cstdio>
#include <cstdlib>
#include <cxxopts.hpp>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/data/clevr_program.hpp"

namespace clevr = relreason::clevr;
using strings = std::vector<std::string>;

cxxopts::ParseResult parse(int argc, char** argv) {
  cxxopts::Options options("clevr_execute", "Executes the programs of CLEVR questions; files may be .json or .json.gz");
  options.add_options()("scenes", "scene files", cxxopts::value<strings>(), "F...")("questions", "question files", cxxopts::value<strings>(), "F...")(
      "help", "print this");
  const auto given = options.parse(argc, argv);
  if (given.count("help")) {
    std::printf("%s", options.help().c_str());
    std::exit(0);
  }
  if (!given.unmatched().empty()) relreason::fail("unknown argument ", given.unmatched().front(), "; --help lists all options");
  for (const char* name : {"scenes", "questions"})
    if (!given.count(name)) relreason::fail("--", name, " is missing; wanted at least one file, as in --", name, " F");
  return given;
}

// "--scenes A B" becomes "--scenes A --scenes B": cxxopts takes one value after each name.
strings one_value_each(int argc, char** argv) {
  strings all{argv[0]};
  std::string list;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--scenes" || word == "--questions") {
      if (i + 1 == argc || std::string(argv[i + 1]).rfind("--", 0) == 0) relreason::fail(word, " is not followed by a file");
      list = word;
      continue;
    }
    if (word.rfind("--", 0) == 0) list.clear();
    all.push_back(list.empty() || word.rfind("--", 0) == 0 ? word : list + "=" + word);
  }
  return all;
}

template <class Read>
auto read_all(const strings& files, Read read) {
  auto all = read(files.front());
  for (std::size_t i = 1; i < files.size(); ++i) {
    auto next = read(files[i]);
    all.insert(all.end(), std::make_move_iterator(next.begin()), std::make_move_iterator(next.end()));
  }
  return all;
}

int main(int argc, char** argv) try {
  strings words = one_value_each(argc, argv);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const auto given = parse(static_cast<int>(pointers.size()), pointers.data());
  const auto scenes = read_all(given["scenes"].as<strings>(), [](const std::string& f) { return clevr::read_scenes(f); });
  const auto questions = read_all(given["questions"].as<strings>(), [](const std::string& f) { return clevr::read_questions(f); });
  const auto scene_of = clevr::join(scenes, questions);

  int executed = 0, agree = 0, without = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const clevr::question& q = questions[i];
    if (q.program.empty() || q.answer.empty()) {
      ++without;
      continue;
    }
    ++executed;
    const auto answer = clevr::execute(scenes[static_cast<std::size_t>(scene_of[i])], q.program);
    if (answer && *answer == q.answer) ++agree;
    else
      std::fprintf(stderr, "question %d, image %d: found %s, stored %s\n", q.question_index, q.image_index, answer ? answer->c_str() : "INVALID",
                   q.answer.c_str());
  }
  std::printf("executed %d, agree %d, without program %d\n", executed, agree, without);
  return executed == agree ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "clevr_execute: %s\n", error.what());
  return 1;
}
