// bench/latency.cpp -- what a product waits for: loading a checkpoint, and one prediction (p50, p99), by one caller and by several at once.
// Callers share constant weights; each has its own workspace. Their answers are compared, byte for byte, with those of one caller.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "rn_cases.hpp"

using namespace bench;

namespace {

using answers = predictor<rn_state, float, "a">;
constexpr std::size_t different = 64;  // questions asked in turn

struct times {
  std::vector<double> us;  // of every prediction
  double seconds = 0;      // of all, by the clock
  bool same = true;        // the answers of one caller
};
double percentile(std::vector<double>& v, double p) {
  const auto at = static_cast<std::ptrdiff_t>(p * static_cast<double>(v.size() - 1));
  std::nth_element(v.begin(), v.begin() + at, v.end());
  return v[static_cast<std::size_t>(at)];
}

struct bed {
  explicit bed(const kernels<float>& kernel) : kernel_(kernel) {
    const scenes from = [] {
      scenes s = made_state(different);
      s.index();
      return s;
    }();
    at_ = limits_of<rn_state>(from, 1);
    questions_.resize(different);
    for (std::size_t i = 0; i < different; ++i) fill(questions_[i], from, 1, i);
  }

  // One caller: its predictions for so long, one question after the other.
  void ask(const answers& p, answers::workspace& own, double seconds, times& to, const std::vector<float>* expected) const {
    std::vector<float> logits(models::answers);
    to.us.reserve(1 << 16);
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t k = 0; to.us.size() < 2 * different || seconds_since(start) < seconds; ++k) {
      const auto before = std::chrono::steady_clock::now();
      p.run(own, questions_[k % different], {logits.data()});
      to.us.push_back(1e6 * seconds_since(before));
      if (expected)
        to.same = to.same && std::memcmp(logits.data(), expected->data() + k % different * models::answers, sizeof(float) * models::answers) == 0;
    }
    to.seconds = seconds_since(start);
  }
  std::vector<float> answers_of(const answers& p) const {
    answers::workspace own(p);
    std::vector<float> all(different * models::answers);
    for (std::size_t i = 0; i < different; ++i) p.run(own, questions_[i], {all.data() + i * models::answers});
    return all;
  }

  const limits<rn_state>& at() const { return at_; }
  const kernels<float>& kernel() const { return kernel_; }

 private:
  const kernels<float>& kernel_;
  limits<rn_state> at_;
  std::vector<batch<rn_state>> questions_;
};

// `callers` threads at once; inside: threads that one prediction may use.
times measure(const bed& b, const answers& p, int callers, int inside, double seconds, const std::vector<float>& expected) {
  std::vector<times> each(static_cast<std::size_t>(callers));
  const auto call = [&](std::size_t k) {
    thread_pool pool(inside);
    answers::workspace own(p, &pool);
    times warm_up;
    b.ask(p, own, seconds / 5, warm_up, nullptr);
    b.ask(p, own, seconds, each[k], &expected);
  };
  std::vector<std::thread> others;
  for (int k = 1; k < callers; ++k) others.emplace_back(call, static_cast<std::size_t>(k));
  call(0);
  for (auto& t : others) t.join();
  times all;
  for (const times& t : each) {
    all.us.insert(all.us.end(), t.us.begin(), t.us.end());
    all.seconds = std::max(all.seconds, t.seconds);
    all.same = all.same && t.same;
  }
  return all;
}

// Milliseconds from a file to a predictor that can answer.
std::vector<double> load_times(const std::string& path, const bed& b, int rounds) {
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    parameters<rn_state> weights;
    load_weights(safetensors::open(path), weights);
    const answers p(weights, b.at(), b.kernel());
    const answers::workspace own(p);
    ms.push_back(1e3 * seconds_since(start));
  }
  return ms;
}

struct printer {
  bool json = false, first = true;
  void row(const char* arithmetic, int callers, int inside, times& t) {
    const double p50 = percentile(t.us, .5), p99 = percentile(t.us, .99), rate = static_cast<double>(t.us.size()) / t.seconds;
    if (json)
      std::printf(
          "%s{\"arithmetic\": \"%s\", \"callers\": %d, \"threads_inside\": %d, \"p50_us\": %.2f, \"p99_us\": %.2f, \"per_second\": %.1f, "
          "\"same_bytes\": %s}",
          first ? "" : ", ", arithmetic, callers, inside, p50, p99, rate, t.same ? "true" : "false");
    else
      std::printf("%-10s %8d %16d %10.1f %10.1f %14.0f   %s\n", arithmetic, callers, inside, p50, p99, rate,
                  t.same ? "same bytes" : "ANSWERS DIFFER");
    first = false;
    std::fflush(stdout);
  }
};

}  // namespace

// bench_latency [--threads N] [--seconds S] [--json]
int main(int argc, char** argv) try {
  int threads = cores();
  double seconds = 2;
  printer out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") out.json = true;
    else if (word == "--threads" && i + 1 < argc && std::atoi(argv[i + 1]) > 0) threads = std::atoi(argv[++i]);
    else if (word == "--seconds" && i + 1 < argc && std::atof(argv[i + 1]) > 0) seconds = std::atof(argv[++i]);
    else fail("bench_latency: found ", word, "; wanted --threads N, --seconds S or --json");
  }
  const load watch;
  const parameters<rn_state> weights(1);
  const std::string path = (std::filesystem::temp_directory_path() / ("bench_latency." + std::to_string(getpid()) + ".safetensors")).string();
  safetensors::writer file;
  add_weights(file, weights);
  file.write(path);
  const bed full(select_kernels<float>()), rounded(select_kernels<float>(isa::automatic, precision::bf16));
  std::vector<double> loads = load_times(path, full, 20);
  const double megabytes = static_cast<double>(std::filesystem::file_size(path)) / (1 << 20);
  std::filesystem::remove(path);

  if (out.json)
    std::printf("{\"load_ms\": {\"p50\": %.2f, \"p99\": %.2f, \"file_mb\": %.1f}, \"rows\": [", percentile(loads, .5), percentile(loads, .99),
                megabytes);
  else
    std::printf(
        "RN state, one question about a scene of 3 to 10 objects. %s, kernels %s\nload of a file of %.1f MB until it can answer: p50 %.1f ms, p99 "
        "%.1f ms "
        "(file in the page cache)\n\narithmetic  callers   threads inside     p50 us     p99 us     per second\n",
        processor().c_str(), full.kernel().name, megabytes, percentile(loads, .5), percentile(loads, .99));
  bool same = true;
  for (const bed* b : {&full, &rounded}) {
    const answers p(weights, b->at(), b->kernel());
    const std::vector<float> expected = b->answers_of(p);
    const auto one = [&](int callers, int inside) {
      times t = measure(*b, p, callers, inside, seconds, expected);
      same = same && t.same;
      out.row(b == &full ? "fp32" : "bf16", callers, inside, t);
    };
    one(1, 1);
    if (threads > 1) {
      one(1, threads);
      one(threads, 1);
      one(4 * threads, 1);
    }
  }
  if (out.json) {
    const auto s = watch.since();
    std::printf("], \"others\": %.4f, \"stolen\": %.4f}\n", s.others, s.stolen);
  } else {
    std::printf("\nper second: of all callers together. %s.\n", watch.text().c_str());
  }
  return same ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
