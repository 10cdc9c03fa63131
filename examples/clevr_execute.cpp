// examples/clevr_execute.cpp -- runs the programs of CLEVR questions on their scenes and compares with the stored answers.
// Expect that all agree. Exit status: 0 all agree, 1 an answer differs, nothing was executed or an error, 2 a wrong command line.
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/data/clevr_program.hpp"

namespace clevr = relreason::clevr;
using strings = std::vector<std::string>;

cxxopts::Options all_options() {
  cxxopts::Options all("clevr_execute", "Executes the programs of CLEVR questions; files may be .json or .json.gz");
  all.add_options()("scenes", "scene files", cxxopts::value<strings>(), "F...")("questions", "question files", cxxopts::value<strings>(), "F...")(
      "help", "print this");
  return all;
}

// "--scenes A B" becomes "--scenes=A --scenes=B": cxxopts takes one value after each name.
strings one_value_each(int argc, char** argv) {
  strings all{argv[0]};
  std::string list;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool names_option = word.rfind("--", 0) == 0;
    if (word == "--scenes" || word == "--questions") {
      if (i + 1 == argc || std::string(argv[i + 1]).rfind("--", 0) == 0) throw usage(word + " is not followed by a file");
      list = word;
      continue;
    }
    if (names_option) list.clear();
    all.push_back(list.empty() ? word : list + "=" + word);
  }
  return all;
}

cxxopts::ParseResult parse(cxxopts::Options all, int argc, char** argv) try {
  strings words = one_value_each(argc, argv);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  const int n = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  auto given = all.parse(n, pointers.data());
  if (given.count("help")) return given;
  if (!given.unmatched().empty()) throw usage("unknown argument " + given.unmatched().front());
  for (const std::string name : {"scenes", "questions"})
    if (!given.count(name)) throw usage("--" + name + " is missing; wanted at least one file, as in --" + name + " F");
  return given;
} catch (const std::exception& wrong) {  // cxxopts has its own types, named anew from version to version
  throw usage(wrong.what());
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

std::string joined(const strings& files) {
  std::string all = files.front();
  for (std::size_t i = 1; i < files.size(); ++i) all += ", " + files[i];
  return all;
}

int main(int argc, char** argv) try {
  const auto all = all_options();
  const auto given = parse(all, argc, argv);
  if (given.count("help")) return std::printf("%s", all.help().c_str()) < 0;
  const auto scene_files = given["scenes"].as<strings>(), question_files = given["questions"].as<strings>();
  const auto scenes = read_all(scene_files, [](const std::string& f) { return clevr::read_scenes(f); });
  const auto questions = read_all(question_files, [](const std::string& f) { return clevr::read_questions(f); });
  const auto scene_of = clevr::join(scenes, questions, {joined(scene_files), joined(question_files)});

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
  if (executed == 0)
    std::fprintf(stderr, "clevr_execute: nothing was executed: no question in %s has a program and an answer\n", joined(question_files).c_str());
  return executed == agree && executed > 0 ? 0 : 1;
} catch (const usage& wrong) {
  std::fprintf(stderr, "clevr_execute: %s; --help lists all options\n", wrong.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "clevr_execute: %s\n", error.what());
  return 1;
}
