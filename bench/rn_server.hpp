// bench/rn_server.hpp -- what the programs bench_rn and bench_rn_pixels share: their cases as a table, or as a server that Python drives.
// The protocol of the server is told at the top of bench/peers/compare.py.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "ceiling.hpp"
#include "machine.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "timed_case.hpp"

namespace bench {

// The cases of one program.
struct suite {
  const char *program, *usage;
  std::vector<std::string> known;  // without _bf16 and @B
  std::vector<std::string> brief;  // of these, whose steps take about a millisecond: a hundred times the rounds
  std::vector<std::string> table;  // what runs where nothing is named
  std::unique_ptr<timed_case> (*make)(const std::string& base, const settings& s, relreason::executor& threads);
  // Loss and gradients, or log-probabilities, at the first weights, without dropout, as members of a JSON object.
  std::string (*check)(const std::string& base, const settings& s, relreason::executor& threads);
};

inline bool is_among(const std::vector<std::string>& all, const std::string& one) { return std::find(all.begin(), all.end(), one) != all.end(); }

struct arguments_given {
  bool serve = false;
  int threads = cores(), rounds = 7;
  std::string data;
  std::vector<std::string> cases;
};

inline arguments_given parse(const suite& of, int argc, char** argv) {
  arguments_given a;
  const auto number = [&](int i) {
    const int n = i < argc ? std::atoi(argv[i]) : 0;
    if (n < 1 || n > 4096) relreason::fail(of.program, ": ", argv[i - 1], " wants a number from 1 to 4096");
    return n;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--serve") a.serve = true;
    else if (word == "--threads") a.threads = number(++i);
    else if (word == "--rounds") a.rounds = number(++i);
    else if (word == "--data" && i + 1 < argc) a.data = argv[++i];
    else if (word.starts_with("-")) relreason::fail(of.program, ": unknown option ", word, "\n", of.usage);
    else a.cases.emplace_back(word);
  }
  return a;
}

struct case_name {
  std::string base;
  bool bf16 = false;
  std::size_t batch = 0;

  case_name(const suite& of, const std::string& text) {
    const std::size_t at = text.find('@');
    base = text.substr(0, at);
    if (at != std::string::npos) batch = static_cast<std::size_t>(std::strtoul(text.c_str() + at + 1, nullptr, 10));
    bf16 = base.ends_with("_bf16");
    if (bf16) base.resize(base.size() - 5);
    if (is_among(of.known, base) && (at == std::string::npos || (batch >= 1 && batch <= 1'000'000))) return;
    std::string names;
    for (const auto& name : of.known) names += name + ", ";
    relreason::fail("unknown case ", text, "; known: ", names, "then _bf16, then @1 to @1000000");
  }
  settings with(const arguments_given& a) const { return {a.data, a.threads, bf16, batch}; }
};

class server {
 public:
  server(const suite& of, const arguments_given& a) : suite_(of), given_(a), threads_(a.threads) {}

  std::string answer(const std::string& line) {
    std::istringstream in(line);
    std::string verb, second, third;
    in >> verb >> second >> third;
    try {
      if (verb == "info") return info();
      if (verb == "ceiling" || verb == "ceiling_bf16") return ceiling(verb == "ceiling_bf16", std::max(1, std::atoi(second.c_str())));
      if (verb == "ceilings") return ceilings();
      if (verb == "check") return check(second);
      return time(verb, std::max(1, std::atoi(second.c_str())), third.empty() ? 3 : std::atoi(third.c_str()));
    } catch (const std::exception& e) {
      return "{\"error\": " + quoted(e.what()) + "}";
    }
  }

 private:
  std::string info() const {
    return std::string("{\"peer\": \"relreason\", \"compiler\": ") + quoted(compiler()) +
           ", \"instructions\": " + quoted(relreason::select_kernels<float>().name) +
           ", \"bf16 instructions\": " + quoted(relreason::select_kernels<float>(relreason::isa::automatic, relreason::precision::bf16).name) +
           ", \"threads\": " + std::to_string(given_.threads) + "}";
  }
  std::string check(const std::string& name) {
    const case_name c(suite_, name);
    return "{\"case\": " + quoted(name) + ", " + suite_.check(c.base, c.with(given_), threads_) + "}";
  }
  std::string ceiling(bool bf16, int rounds) const {
    const double gflops = bf16 ? bf16_ceiling(given_.threads, 4 * rounds) : float_ceiling(relreason::isa::automatic, given_.threads, 4 * rounds);
    if (gflops == 0) return "{\"error\": \"this processor has no bf16 dot products\"}";
    return "{\"case\": \"ceiling\", \"gflops\": " + number_text(gflops) + "}";
  }
  // Every ceiling, of one thread and of all: [{"what", "threads", "value", "unit"}].
  std::string ceilings() const {
    std::string rows;
    const auto add = [&](const char* what, int threads, double value, const char* unit) {
      if (value > 0)
        rows += (rows.empty() ? "" : ", ") + std::string("{\"what\": ") + quoted(what) + ", \"threads\": " + std::to_string(threads) +
                ", \"value\": " + number_text(value) + ", \"unit\": " + quoted(unit) + "}";
    };
    for (const int n : given_.threads > 1 ? std::vector<int>{1, given_.threads} : std::vector<int>{1}) {
      add("fp32, AVX-512", n, float_ceiling(relreason::isa::avx512, n), "GFLOP/s");
      add("fp32, AVX2 with FMA", n, float_ceiling(relreason::isa::avx2, n), "GFLOP/s");
      add("fp32, plain vectors of 4", n, float_ceiling(relreason::isa::portable, n), "GFLOP/s");
      add("bf16 dot products", n, bf16_ceiling(n), "GFLOP/s");
      const memory_rates m = memory_ceiling(n);
      add("memory, read", n, m.read, "GB/s");
      add("memory, copy (read + written)", n, m.copy, "GB/s");
    }
    return "{\"case\": \"ceilings\", \"rows\": [" + rows + "]}";
  }
  std::string time(const std::string& name, int rounds, int least) {
    auto& one = ready_[name];
    if (!one) {
      const case_name c(suite_, name);
      one = suite_.make(c.base, c.with(given_), threads_);
      warm(*one, least);
    }
    std::vector<double> ms;
    for (int i = 0; i < rounds; ++i) ms.push_back(timed_ms(*one));
    return "{\"case\": " + quoted(name) + ", \"ms\": " + list_of(ms) + ", \"input_mb\": " + number_text(one->input_mb) +
           ", \"gflop\": " + number_text(one->gflop) + "}";
  }

  const suite& suite_;
  arguments_given given_;
  relreason::thread_pool threads_;
  std::map<std::string, std::unique_ptr<timed_case>> ready_;
};

inline void serve(const suite& of, const arguments_given& a) {
  server s(of, a);
  for (std::string line; std::getline(std::cin, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) std::cout << s.answer(line) << std::endl;
}

inline void print_case(const suite& of, const std::string& name, const arguments_given& a, double ceiling) {
  const case_name c(of, name);
  relreason::thread_pool threads(a.threads);
  reset_peak();
  const auto one = of.make(c.base, c.with(a), threads);
  warm(*one, 3);
  const int rounds = is_among(of.brief, c.base) ? a.rounds * 100 : a.rounds;
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) ms.push_back(timed_ms(*one));
  const double middle = median_of(ms), gflops = one->gflop / (middle / 1e3);
  char share[16] = "-";
  if (ceiling > 0) std::snprintf(share, sizeof share, "%.0f %%", 100 * gflops / ceiling);
  std::printf("%-16s %7zu %10.3f %10.3f %12.1f %11.1f %9.0f %8s %11.1f %10.1f\n", name.c_str(), one->batch, middle,
              *std::min_element(ms.begin(), ms.end()), 1e3 * middle / static_cast<double>(one->batch), one->gflop, gflops, share, peak_mb(),
              one->input_mb);
  std::fflush(stdout);
}

inline void print_table(const suite& of, const arguments_given& a) {
  const load watch;
  const double full = float_ceiling(relreason::isa::automatic, a.threads), rounded = bf16_ceiling(a.threads);
  const memory_rates memory = memory_ceiling(a.threads, 2);
  std::printf("%s, %s, %d thread%s, kernels %s\n", processor().c_str(), compiler(), a.threads, a.threads > 1 ? "s" : "",
              relreason::select_kernels<float>().name);
  std::printf("ceiling from registers: fp32 %.0f GFLOP/s, bf16 dot products %.0f GFLOP/s; memory: read %.0f GB/s, copy %.0f GB/s\n\n", full, rounded,
              memory.read, memory.copy);
  std::printf("%-16s %7s %10s %10s %12s %11s %9s %8s %11s %10s\n", "case", "batch", "median ms", "best ms", "us per item", "GFLOP", "GFLOP/s",
              "share", "peak MB", "inputs MB");
  for (const auto& name : a.cases) print_case(of, name, a, case_name(of, name).bf16 && rounded > 0 ? rounded : full);
  std::printf("\nGFLOP: by describe, three times the forward pass for training. Share: of the ceiling of the same kind.\n%s.\n",
              watch.text().c_str());
}

// main() of such a program.
inline int run_suite(const suite& of, int argc, char** argv) try {
  arguments_given a = parse(of, argc, argv);
  if (a.cases.empty()) a.cases = of.table;
  for (const auto& name : a.cases) case_name(of, name);  // refuses unknown ones before anything is measured
  if (a.serve) serve(of, a);
  else print_table(of, a);
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}

}  // namespace bench
