// bench/cuda_rn.cu -- Relation Networks on a GPU: training steps and predictions in fp32, TF32 and bf16, with launches, memory and allocations.
// Device time: events around replays of the step's graph. Whole step: batch in, graph, update, loss or answer out, by the clock; it waits at its end.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>

#include "cuda_calls.hpp"
#include "relreason/backend/cuda/predictor.cuh"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/train/prefetch.hpp"
#include "rn_counts.hpp"

using namespace bench;

namespace {

using device::cuda_system;
constexpr const char* usage =
    "bench_cuda_rn [--case CASE]... [--rounds N] [--data DIR] [--json FILE]\n"
    "CASE: core, core_forward, state, predict; then _tf32 or _bf16. Without it, all. --json -: JSON on stdout, and no table.\n"
    "Without --data inputs and weights are made here, in the same shapes as bench/peers/workload.py.\n";
constexpr int steps_a_round = 50;
constexpr std::size_t turns = 4;  // batches in turn
constexpr double least_warm_seconds = 1;

struct arguments_given {
  int rounds = 5;
  std::string data, json;
  std::vector<std::string> cases;
};
struct case_name {
  std::string base;
  precision arithmetic = precision::full;
  explicit case_name(const std::string& text) : base(text) {
    for (const precision p : {precision::tf32, precision::bf16}) {
      const std::string end = std::string("_") + text_of(p);
      if (!base.ends_with(end)) continue;
      arithmetic = p;
      base.resize(base.size() - end.size());
    }
    for (const char* known : {"core", "core_forward", "state", "predict"})
      if (base == known) return;
    fail("bench_cuda_rn: unknown case ", text, "\n", usage);
  }
};

arguments_given parse(int argc, char** argv) {
  arguments_given a;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view word = argv[i];
    if (i + 1 == argc) fail("bench_cuda_rn: ", word, " wants a value\n", usage);
    if (word == "--case") a.cases.emplace_back(argv[i + 1]);
    else if (word == "--rounds") a.rounds = std::atoi(argv[i + 1]);
    else if (word == "--data") a.data = argv[i + 1];
    else if (word == "--json") a.json = argv[i + 1];
    else fail("bench_cuda_rn: unknown option ", word, "\n", usage);
  }
  if (a.rounds < 1 || a.rounds > 1000) fail("bench_cuda_rn: --rounds wants a number from 1 to 1000");
  for (const auto& name : a.cases) case_name{name};
  if (a.cases.empty())
    for (const char* base : {"core", "core_forward", "state", "predict"})
      for (const char* end : {"", "_tf32", "_bf16"}) a.cases.push_back(std::string(base) + end);
  return a;
}

// ---- the cases
class gpu_case {
 public:
  virtual ~gpu_case() = default;
  virtual void step() = 0;                    // the next of the batches, waited for
  virtual std::string check() { return {}; }  // before any step: what compare_cuda.py compares with PyTorch's, as JSON
  virtual std::vector<float>& results() = 0;  // of the last step, on the host
  double flop = 0, bytes = 0;                 // least work of a step
  std::size_t batch = 0;
};

template <class M>
class batches {
 public:
  batches(const scenes& from, std::size_t n) {
    for (std::size_t k = 0; k < turns; ++k) fill(of_[k], from, n, k * from.size() / turns);
  }
  const batch<M>& next() { return of_[next_++ % turns]; }
  std::size_t taken() const { return next_; }

 private:
  batch<M> of_[turns];
  std::size_t next_ = 0;
};
// The same, each made ready on the device while the step before it runs, as in a training run.
template <class M>
class batches_ahead {
 public:
  batches_ahead(const scenes& from, std::size_t n, std::function<void(const batch<M>&)> stage) : in_(from, n), stage_(std::move(stage)) {}
  const batch<M>& next() {
    if (taken_ == 0) next_.start(0);
    const batch<M>& b = *next_.take();
    next_.start(++taken_);
    return b;
  }
  std::size_t taken() const { return taken_; }

 private:
  batches<M> in_;
  std::function<void(const batch<M>&)> stage_;
  std::size_t taken_ = 0;
  prefetcher<const batch<M>*> next_{[this](const batch<M>*& to, std::size_t) { stage_(*(to = &in_.next())); }};
};
template <class M>
void count_work(gpu_case& to, const scenes& from, work w, precision p) {
  to.flop = 1e9 * passes(w) * forward_gflop<M>(from, to.batch);
  to.bytes = least_bytes<M>(from, to.batch, w, p);
}

// Gradients of r = sum_ab g(o_b, o_a, q), or r alone.
template <bool Training>
class core_case final : public gpu_case {
 public:
  core_case(const std::string& data, precision p) : from_(scenes_of(data, "core")), session_(0, p) {
    batch = from_.size();
    count_work<rn_core>(*this, from_, Training ? work::gradients : work::forward, p);
    parameters<rn_core> weights(1);
    first_weights(weights, data, "core.safetensors", core_names);
    program_.send(weights);
  }
  void step() override {
    const step_options options{.seed = 1, .step = in_.taken()};
    program_.run(in_.next(), options, {Training ? nullptr : results_.data()},
                 [&](const auto& shape, auto&& work) { session_.run(graphs_, shape, work, program_.scratch()); });
    if (Training) results_[0] = static_cast<float>(program_.loss());
  }
  std::string check() override {
    if constexpr (!Training) return {};
    step();
    std::vector<float> g(parameters<rn_core>::table().learned);
    device::storage<cuda_system>::copy(session_.system(), g.data(), program_.gradients(), g.size() * sizeof(float));
    device::storage<cuda_system>::wait(session_.system());
    return norms_of<rn_core>(program_.loss(), g.data(), core_names);
  }
  std::vector<float>& results() override { return results_; }

 private:
  scenes from_;
  device::session<cuda_system> session_;
  device::session<cuda_system>::graphs graphs_;
  device::batch_program<rn_core, cuda_system, device::cublaslt_products, Training, "r"> program_{limits_of<rn_core>(from_, from_.size()),
                                                                                                 session_.system(), session_.products()};
  std::vector<float> results_ = std::vector<float>(Training ? 1 : 256 * from_.size());
  batches_ahead<rn_core> in_{from_, from_.size(), [this](const auto& b) {
                               session_.use();
                               program_.stage(b);
                             }};
};

class state_case final : public gpu_case {
 public:
  state_case(const std::string& data, precision p)
      : from_(scenes_of(data, "state")), trainer_(limits_of<rn_state>(from_, from_.size()), serial_, {.arithmetic = p}, adam{.weight_decay = 1e-4}) {
    batch = from_.size();
    count_work<rn_state>(*this, from_, work::step, p);
    first_weights(trainer_.weights, data, "state.safetensors", state_names);
    trainer_.weights_changed();
  }
  void step() override { results_[0] = static_cast<float>(trainer_.step(in_.next(), 5e-6)); }
  std::vector<float>& results() override { return results_; }

 private:
  scenes from_;
  serial_executor serial_;
  device::trainer_on<cuda_system, rn_state> trainer_;
  std::vector<float> results_ = std::vector<float>(1);
  batches_ahead<rn_state> in_{from_, from_.size(), [this](const auto& b) { trainer_.stage(b); }};
};

class predict_case final : public gpu_case {
 public:
  predict_case(const std::string& data, precision p) : from_(scenes_of(data, "predict")) {
    batch = from_.size();
    count_work<rn_state>(*this, from_, work::forward, p);
    parameters<rn_state> weights(1);
    first_weights(weights, data, "state.safetensors", state_names);
    predictor_ = std::make_unique<predictor_type>(weights, limits_of<rn_state>(from_, batch), 0, p);
  }
  void step() override {
    predictor_->run(in_.next(), {results_.data()});
    const double all = log_sum_exp(results_.data(), models::answers);
    for (float& x : results_) x = static_cast<float>(static_cast<double>(x) - all);
  }
  std::string check() override {
    step();
    return "\"log_probabilities\": " + list_of(results_);
  }
  std::vector<float>& results() override { return results_; }

 private:
  using predictor_type = device::predictor_on<cuda_system, rn_state, "a">;
  scenes from_;
  batches<rn_state> in_{from_, 1};
  std::unique_ptr<predictor_type> predictor_;
  std::vector<float> results_ = std::vector<float>(models::answers);
};

std::unique_ptr<gpu_case> make_case(const case_name& c, const std::string& data) {
  if (c.base == "core") return std::make_unique<core_case<true>>(data, c.arithmetic);
  if (c.base == "core_forward") return std::make_unique<core_case<false>>(data, c.arithmetic);
  if (c.base == "state") return std::make_unique<state_case>(data, c.arithmetic);
  return std::make_unique<predict_case>(data, c.arithmetic);
}

// ---- measuring
// Dense products of one H200: fp32 and TF32 by its data sheet; bf16 what random data leaves of the data sheet's 989.
constexpr double ceiling_of(precision p) { return p == precision::bf16 ? 790e12 : p == precision::tf32 ? 494e12 : 67e12; }

struct row {
  std::string name, check;
  precision arithmetic = precision::full;
  std::size_t batch = 0, nodes = 0, memory = 0;
  double flop = 0, bytes = 0, launches = 0;  // of one step
  std::vector<double> device_ms, step_ms;    // of one step, by round
  long allocations = 0, graphs_made = 0;     // in all timed steps
  double per_second() const { return flop / (1e-3 * median_of(device_ms)); }
};

// Results of a step that were not written stay NaN.
void check_results(gpu_case& one, const std::string& name) {
  std::fill(one.results().begin(), one.results().end(), std::nanf(""));
  one.step();
  for (const float x : one.results())
    if (!std::isfinite(x)) fail("bench_cuda_rn: ", name, ": a result is not finite");
}
void time_steps(gpu_case& one, int rounds, row& to) {
  const cuda_calls& calls = cuda_calls::seen();
  const cuda_calls before = calls;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < steps_a_round; ++i) one.step();
    to.step_ms.push_back(1e3 * seconds_since(start) / steps_a_round);
  }
  to.allocations = calls.allocations - before.allocations;
  to.graphs_made = calls.graphs_made - before.graphs_made;
  to.launches = static_cast<double>(calls.graph_launches - before.graph_launches) / (rounds * steps_a_round);
}
// The graph of the last step, again and again: nothing in it depends on how often it ran.
void time_replays(int rounds, row& to) {
  const cudaGraphExec_t graph = cuda_calls::seen().last;
  if (!graph) fail("bench_cuda_rn: ", to.name, ": no step was launched as a graph");
  const device::stream on;
  device::event begin(true), end(true);
  for (int round = 0; round <= rounds; ++round) {  // the first warms up
    begin.record(on);
    for (int i = 0; i < steps_a_round; ++i) device::check(cudaGraphLaunch(graph, on.get()), "launching a step again");
    end.record(on);
    end.synchronize();
    if (round) to.device_ms.push_back(static_cast<double>(begin.milliseconds_to(end)) / steps_a_round);
  }
}
row measure(const std::string& name, const arguments_given& a) {
  const case_name c(name);
  cuda_calls& calls = cuda_calls::seen();
  calls.last = nullptr;
  const std::size_t held = calls.bytes;
  const auto one = make_case(c, a.data);
  row r;
  r.name = name, r.arithmetic = c.arithmetic, r.batch = one->batch, r.flop = one->flop, r.bytes = one->bytes;
  r.check = one->check();
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t k = 0; k < 3 * turns || seconds_since(start) < least_warm_seconds; ++k) one->step();
  time_steps(*one, a.rounds, r);
  check_results(*one, name);
  time_replays(a.rounds, r);
  r.nodes = calls.nodes;
  r.memory = calls.bytes - held;
  return r;
}

// ---- telling
void print_head(const std::string& device) {
  std::printf("%s\n\n%-18s %5s %10s %9s %9s %6s %9s %10s %6s %8s %10s %7s\n", device.c_str(), "case", "batch", "device ms", "GFLOP", "TFLOP/s",
              "share", "GB/s", "step ms", "nodes", "launches", "memory MB", "allocs");
}
void print(const row& r) {
  const double ms = median_of(r.device_ms);
  std::printf("%-18s %5zu %10.4f %9.3f %9.2f %4.0f %% %9.1f %10.4f %6zu %8.2f %10.1f %7ld\n", r.name.c_str(), r.batch, ms, 1e-9 * r.flop,
              1e-12 * r.per_second(), 100 * r.per_second() / ceiling_of(r.arithmetic), 1e-6 * r.bytes / ms, median_of(r.step_ms), r.nodes, r.launches,
              static_cast<double>(r.memory) / (1 << 20), r.allocations);
  if (r.graphs_made) std::printf("%-18s %ld graphs were made anew in the timed steps\n", "", r.graphs_made);
  std::fflush(stdout);
}
void print_foot() {
  std::printf(
      "\nMedians of rounds of %d. device ms: the step's graph launched again and again, events around it: forward, backward, loss, clipping "
      "and Adam (state).\nstep ms: a step by the clock while another thread makes the next batch ready (not predictions), loss or answer waited "
      "for.\n"
      "GFLOP: by describe, three times the forward pass in training. share: of one H200, %.0f (fp32), %.0f (TF32) or %.0f (bf16) TFLOP/s:\nits data "
      "sheet's dense products; bf16 what random data leaves of 989. GB/s: least bytes over device ms (bench/rn_counts.hpp); an H200 copies 4,300.\n"
      "nodes: kernels, copies and clears of the graph; launches: graph launches a step. memory: device memory held. allocs: device allocations in\n"
      "the timed steps, which must be 0.\n",
      steps_a_round, 1e-12 * ceiling_of(precision::full), 1e-12 * ceiling_of(precision::tf32), 1e-12 * ceiling_of(precision::bf16));
}
std::string json_of(const std::string& device, const std::vector<row>& rows) {
  std::string text = "{\"device\": " + quoted(device) + ", \"rows\": [";
  for (const row& r : rows) {
    if (&r != rows.data()) text += ",";
    text += "\n {\"case\": " + quoted(r.name) + ", \"precision\": " + quoted(text_of(r.arithmetic)) + ", \"device_ms\": " + list_of(r.device_ms) +
            ", \"step_ms\": " + list_of(r.step_ms);
    const std::pair<const char*, double> numbers[]{{"batch", static_cast<double>(r.batch)},
                                                   {"gflop", 1e-9 * r.flop},
                                                   {"least_bytes", r.bytes},
                                                   {"share", r.per_second() / ceiling_of(r.arithmetic)},
                                                   {"ceiling_tflops", 1e-12 * ceiling_of(r.arithmetic)},
                                                   {"nodes", static_cast<double>(r.nodes)},
                                                   {"graph_launches", r.launches},
                                                   {"graphs_made", static_cast<double>(r.graphs_made)},
                                                   {"device_bytes", static_cast<double>(r.memory)},
                                                   {"allocations", static_cast<double>(r.allocations)}};
    for (const auto& [key, value] : numbers) text += ", " + quoted(key) + ": " + number_text(value);
    text += (r.check.empty() ? "" : ", " + r.check) + "}";
  }
  return text + "\n]}\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const arguments_given a = parse(argc, argv);
  if (device::devices_present() == 0) {
    std::printf("no CUDA device: nothing measured\n");
    return 0;
  }
  const bool table = a.json != "-";
  const std::string device = text_of(device::open_device(0));
  std::vector<row> rows;
  if (table) print_head(device);
  for (const auto& name : a.cases) {
    rows.push_back(measure(name, a));
    if (table) print(rows.back());
  }
  if (table) print_foot();
  const std::string json = json_of(device, rows);
  if (!table) std::cout << json << std::flush;
  else if (!a.json.empty() && !(std::ofstream(a.json) << json).flush()) fail("bench_cuda_rn: ", a.json, " cannot be written");
  for (const row& r : rows)
    if (r.allocations) fail("bench_cuda_rn: ", r.name, " allocated device memory in ", r.allocations, " of its timed steps; wanted 0");
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
