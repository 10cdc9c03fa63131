// bench/rn.cpp -- training steps and predictions of the Relation Networks, timed: as a table, or as a server that compare.py drives beside PyTorch.
// The protocol of the server is told at the top of bench/peers/compare.py.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <sstream>

#include "measure.hpp"
#include "rn_cases.hpp"

using namespace bench;

namespace {

constexpr const char* usage =
    "bench_rn [CASE...] [--threads N] [--rounds N] [--data DIR]     a table; CASE: core, state, predict, then _bf16, then @B for batches of B "
    "scenes\n"
    "bench_rn --serve [--threads N] [--data DIR]                    requests on stdin, JSON on stdout: see bench/peers/compare.py\n"
    "Without --data the inputs and weights are made here, in the same shapes as bench/peers/workload.py.\n";

struct arguments_given {
  bool serve = false;
  int threads = cores(), rounds = 7;
  std::string data;
  std::vector<std::string> cases;
};

arguments_given parse(int argc, char** argv) {
  arguments_given a;
  const auto number = [&](int i) {
    const int n = i < argc ? std::atoi(argv[i]) : 0;
    if (n < 1 || n > 4096) fail("bench_rn: ", argv[i - 1], " wants a number from 1 to 4096");
    return n;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--serve") a.serve = true;
    else if (word == "--threads") a.threads = number(++i);
    else if (word == "--rounds") a.rounds = number(++i);
    else if (word == "--data" && i + 1 < argc) a.data = argv[++i];
    else if (word.starts_with("-")) fail("bench_rn: unknown option ", word, "\n", usage);
    else a.cases.emplace_back(word);
  }
  return a;
}

struct case_name {
  std::string base;  // core, state, predict
  bool bf16 = false;
  std::size_t batch = 0;

  explicit case_name(const std::string& text) {
    const std::size_t at = text.find('@');
    base = text.substr(0, at);
    if (at != std::string::npos) batch = static_cast<std::size_t>(std::strtoul(text.c_str() + at + 1, nullptr, 10));
    bf16 = base.ends_with("_bf16");
    if (bf16) base.resize(base.size() - 5);
    if ((base != "core" && base != "state" && base != "predict") || (at != std::string::npos && (batch < 1 || batch > 1'000'000)))
      fail("unknown case ", text, "; known: core, state, predict, then _bf16, then @1 to @1000000");
  }
  settings with(const arguments_given& a) const { return {a.data, a.threads, bf16, batch}; }
};

std::unique_ptr<timed_case> make_case(const case_name& c, const arguments_given& a, executor& threads) {
  const settings s = c.with(a);
  if (c.base == "core") return std::make_unique<core_case>(s, threads);
  if (c.base == "state") return std::make_unique<state_case>(s, threads);
  return std::make_unique<predict_case>(s, threads);
}

// ---- the server
// Loss and gradients, or log-probabilities, at the first weights, without dropout.
std::string check_of(const case_name& c, const arguments_given& a, executor& threads) {
  const settings s = c.with(a);
  if (c.base == "core") {
    core_case one(s, threads);
    one.step();
    return norms_of<rn_core>(one.program().loss(), one.program().gradients().data(), core_names);
  }
  if (c.base == "predict") {
    predict_case one(s, threads);
    one.step();
    return "\"log_probabilities\": " + list_of(one.log_probabilities);
  }
  const scenes from = scenes_of(s.data, "state");
  batch<rn_state_check> b;
  fill(b, from, from.size());
  parameters<rn_state_check> weights(1);
  first_weights(weights, s.data, "state.safetensors", state_names);
  gradient_program<rn_state_check> program(limits_of<rn_state_check>(from, from.size()), threads, s.kernel());
  program.run(b, weights, {});
  return norms_of<rn_state_check>(program.loss(), program.gradients().data(), state_names);
}

class server {
 public:
  explicit server(const arguments_given& a) : given_(a), threads_(a.threads) {}

  std::string answer(const std::string& line) {
    std::istringstream in(line);
    std::string verb, second, third;
    in >> verb >> second >> third;
    try {
      if (verb == "info") return info();
      if (verb == "ceiling" || verb == "ceiling_bf16") return ceiling(verb == "ceiling_bf16", std::max(1, std::atoi(second.c_str())));
      if (verb == "ceilings") return ceilings();
      if (verb == "check") return "{\"case\": " + quoted(second) + ", " + check_of(case_name(second), given_, threads_) + "}";
      return time(verb, std::max(1, std::atoi(second.c_str())), third.empty() ? 3 : std::atoi(third.c_str()));
    } catch (const std::exception& e) {
      return "{\"error\": " + quoted(e.what()) + "}";
    }
  }

 private:
  std::string info() const {
    return std::string("{\"peer\": \"relreason\", \"compiler\": ") + quoted(compiler()) +
           ", \"instructions\": " + quoted(select_kernels<float>().name) +
           ", \"bf16 instructions\": " + quoted(select_kernels<float>(isa::automatic, precision::bf16).name) +
           ", \"threads\": " + std::to_string(given_.threads) + "}";
  }
  std::string ceiling(bool bf16, int rounds) const {
    const double gflops = bf16 ? bf16_ceiling(given_.threads, 4 * rounds) : float_ceiling(isa::automatic, given_.threads, 4 * rounds);
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
      add("fp32, AVX-512", n, float_ceiling(isa::avx512, n), "GFLOP/s");
      add("fp32, AVX2 with FMA", n, float_ceiling(isa::avx2, n), "GFLOP/s");
      add("fp32, plain vectors of 4", n, float_ceiling(isa::portable, n), "GFLOP/s");
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
      one = make_case(case_name(name), given_, threads_);
      warm(*one, least);
    }
    std::vector<double> ms;
    for (int i = 0; i < rounds; ++i) ms.push_back(timed_ms(*one));
    return "{\"case\": " + quoted(name) + ", \"ms\": " + list_of(ms) + ", \"input_mb\": " + number_text(one->input_mb) +
           ", \"gflop\": " + number_text(one->gflop) + "}";
  }

  arguments_given given_;
  thread_pool threads_;
  std::map<std::string, std::unique_ptr<timed_case>> ready_;
};

void serve(const arguments_given& a) {
  server s(a);
  for (std::string line; std::getline(std::cin, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) std::cout << s.answer(line) << std::endl;
}

// ---- the table
void print_case(const std::string& name, const arguments_given& a, double ceiling) {
  const case_name c(name);
  thread_pool threads(a.threads);
  reset_peak();
  const auto one = make_case(c, a, threads);
  warm(*one, 3);
  const int rounds = c.base == "predict" ? a.rounds * 100 : a.rounds;
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

void print_table(const arguments_given& a) {
  const load watch;
  const double full = float_ceiling(isa::automatic, a.threads), rounded = bf16_ceiling(a.threads);
  const memory_rates memory = memory_ceiling(a.threads, 2);
  std::printf("%s, %s, %d thread%s, kernels %s\n", processor().c_str(), compiler(), a.threads, a.threads > 1 ? "s" : "",
              select_kernels<float>().name);
  std::printf("ceiling from registers: fp32 %.0f GFLOP/s, bf16 dot products %.0f GFLOP/s; memory: read %.0f GB/s, copy %.0f GB/s\n\n", full, rounded,
              memory.read, memory.copy);
  std::printf("%-16s %7s %10s %10s %12s %11s %9s %8s %11s %10s\n", "case", "batch", "median ms", "best ms", "us per scene", "GFLOP", "GFLOP/s",
              "share", "peak MB", "inputs MB");
  for (const auto& name : a.cases) print_case(name, a, case_name(name).bf16 && rounded > 0 ? rounded : full);
  std::printf("\nGFLOP: by describe, three times the forward pass for training. Share: of the ceiling of the same kind.\n%s.\n",
              watch.text().c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  arguments_given a = parse(argc, argv);
  if (a.serve) serve(a);
  else {
    if (a.cases.empty()) a.cases = {"core", "core_bf16", "state", "state_bf16", "predict", "predict_bf16"};
    for (const auto& name : a.cases) case_name{name};  // refuses unknown ones before anything is measured
    print_table(a);
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
