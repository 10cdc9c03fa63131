// examples/sort_of_clevr_options.hpp -- the command line of sort_of_clevr.
#pragma once

#include <cstdint>
#include <cxxopts.hpp>
#include <string>
#include <utility>

#include "command_line.hpp"
#include "relreason/backend/device_name.hpp"
#include "relreason/data/sort_of_clevr_kinds.hpp"

namespace sort_of_clevr_program {

using arguments_type = cxxopts::ParseResult;

inline cxxopts::Options all_options() {
  cxxopts::Options all("sort_of_clevr",
                       "Sort-of-CLEVR: questions about six squares and circles.\n  sort_of_clevr train|generate [options]\nExit status: 0 done, "
                       "1 an error, 2 a wrong command line, 130 stopped by Ctrl-C after a checkpoint.");
  const auto whole = [](const char* standard) { return cxxopts::value<int>()->default_value(standard); };
  const auto text = [](const char* standard) { return cxxopts::value<std::string>()->default_value(standard); };
  // clang-format off
  all.add_options()
    ("command", "train, or generate (PNG files, and a JSON line for each question)", cxxopts::value<std::string>())
    ("folder", "where checkpoints, log.jsonl and report.html are; training goes on from what it finds there", text("runs/sort_of_clevr"))
    ("images", "pictures to learn from", whole("9800"))
    ("test-images", "pictures to validate on", whole("200"))
    ("kinds", "of questions, ten each a picture: non-relational, binary, ternary, with commas between", text("non-relational,binary"))
    ("legacy", "the original's answer where no object is near: the object's own shape")
    ("seed", "of pictures, questions, weights, order and dropout", cxxopts::value<std::uint64_t>()->default_value("1"))
    ("model", "rn, small (64 wide in place of 256), or mlp (the baseline without pairs)", text("rn"))
    ("epochs", "times through the questions", whole("20"))
    ("batch", "questions per step", whole("64"))
    ("rate", "of learning", cxxopts::value<double>()->default_value("1e-4"))
    ("cosine", "the rate falls along a cosine; else constant")
    ("sum-rate", "factor of the rate for the layer that reads the sum over pairs, of large numbers", cxxopts::value<double>()->default_value("1"))
    ("mixed", "batches of all kinds; else one step for each kind in turn, as the original")
    ("bf16", "products of bf16 numbers, sums of fp32")
    ("device", "where steps run: cpu, cuda or cuda:N", text("cpu"))
    ("table-memory", "MiB of pictures and questions that may stay on a device", whole("256"))
    ("threads", "0: all; results do not depend on it", whole("0"))
    ("compare", "folder of a finished run to show beside this one in the report", text(""))
    ("h,help", "print this text");
  // clang-format on
  all.parse_positional("command");
  return all;
}

inline arguments_type parse(cxxopts::Options all, int argc, char** argv) try {
  auto o = all.parse(argc, argv);
  if (o.count("help")) return o;
  const auto what = o.count("command") ? o["command"].as<std::string>() : "";
  if (what != "train" && what != "generate") throw usage("command \"" + what + "\"; wanted train or generate");
  if (!o.unmatched().empty()) throw usage("\"" + o.unmatched().front() + "\" is one word too many");
  for (const auto& [name, least] : {std::pair{"images", 1}, {"test-images", 1}, {"epochs", 1}, {"batch", 1}, {"table-memory", 0}, {"threads", 0}})
    if (const int n = o[name].as<int>(); n < least || n > 1'000'000)
      throw usage("--" + std::string(name) + " is " + std::to_string(n) + "; wanted " + std::to_string(least) + " to 1000000");
  for (const char* name : {"rate", "sum-rate"})
    if (const double rate = o[name].as<double>(); !(rate > 0 && rate <= 1))
      throw usage("--" + std::string(name) + " is not a number above 0, at most 1");
  if (const auto m = o["model"].as<std::string>(); m != "rn" && m != "small" && m != "mlp")
    throw usage("--model is \"" + m + "\"; wanted rn, small or mlp");
  relreason::sort_of_clevr::parse_kinds(o["kinds"].as<std::string>());
  relreason::device::parse_device(o["device"].as<std::string>());
  return o;
} catch (const std::exception& wrong) {
  throw usage(wrong.what());
}

}  // namespace sort_of_clevr_program
