// bench/rn_cases.hpp -- what bench_rn and bench_latency run: the Relation Networks measured, their inputs, and one timed step of each.
// Inputs and first weights are those of workload.py where a folder is given, so that PyTorch has the same; else made here with the same shapes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ceiling.hpp"
#include "machine.hpp"
#include "relreason/core/describe.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/trainer.hpp"

namespace bench {

using namespace relreason;

// ---- RN core: r = sum_ab g(o_b, o_a, q) with dloss/dr given. A learned shift of zero stands before the inputs: their gradients are computed.
struct scene : sample {};
struct thing : each<scene> {};
struct thing_pair : all_pairs<thing> {};

struct shift {  // y = x + b    x: (rows, width)    db += sum_rows dy, dx += dy
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    static constexpr bool learns = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("shift", {X::width}, {initializer::constant, 0}); }
    static std::string text() { return "shift"; }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const int n = ctx.template at<typename X::space>().rows;
      std::copy_n(in.real(0), extent_product(n, X::width), y);
      for (int i = 0; i < n; ++i) rows_of::add(static_cast<std::size_t>(X::width), y + extent_product(i, X::width), s.parameter[0]);
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real* dy) {
      for (int i = 0; i < ctx.template at<typename X::space>().rows; ++i)
        rows_of::add(static_cast<std::size_t>(X::width), s.dparameter[0], dy + extent_product(i, X::width));
    }
  };
};
struct inner_product {  // l = sum x c
  template <class X, class Cotangent>
  struct bind : operation {
    static std::string text() { return "inner product"; }
    template <class C, class Tape>
    static double forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      const std::size_t n = extent_product(ctx.template at<typename X::space>().rows, X::width);
      double loss = 0;
      for (std::size_t i = 0; i < n; ++i) loss += static_cast<double>(in.real(0)[i]) * static_cast<double>(in.real(1)[i]);
      return loss;
    }
    template <class C, class Tape>
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::real scale) {
      rows_of::add_scaled(extent_product(ctx.template at<typename X::space>().rows, X::width), in.dx[0], scale, in.real(1));
    }
  };
};

// clang-format off
struct rn_core : model<
    input<"objects",   features<26>,  thing>,
    input<"question",  features<128>, scene>,
    input<"cotangent", features<256>, scene>,
    let<"o", shift, of<"objects">>,
    let<"q", shift, of<"question">>,
    let<"r", sum_over<thing_pair, mlp<relu<256>, relu<256>, relu<256>, relu<256>>>, of<"o", "o", "q">>,
    minimize<inner_product, of<"r", "cotangent">, weight<1>, per_step>> {};
// clang-format on
using rn_state = models::rn_state<>;
using rn_state_check = models::rn_state<512, 256, 0>;  // without dropout: PyTorch's masks are others
using models::object;
using models::word;

inline const name_table core_names{{{"r.", ""}}}, state_names{{{"q.", ""}, {"r.", ""}, {"a.", "f."}}};

// ---- inputs
struct scenes {
  std::vector<int> counts, lengths, tokens, labels;  // scenes of `counts` objects, questions of `lengths` tokens
  std::vector<float> objects, q, cotangent;
  int padded = 0;
  std::vector<std::size_t> first_object, first_token;
  std::size_t size() const { return counts.size(); }
  void index() {
    first_object.assign(1, 0), first_token.assign(1, 0);
    for (const int n : counts) first_object.push_back(first_object.back() + static_cast<std::size_t>(n));
    for (const int n : lengths) first_token.push_back(first_token.back() + static_cast<std::size_t>(n));
  }
};

template <class T>
std::vector<T> tensor_of(const safetensors::file& f, const char* name) {
  std::vector<T> v(f.at(name).count());
  f.copy_to(name, v.data(), v.size());
  return v;
}

inline scenes made_core() {
  random_stream random{1, 1};
  scenes s;
  s.counts.assign(64, 64);
  s.objects.resize(64 * 64 * 26), s.q.resize(64 * 128), s.cotangent.resize(64 * 256);
  for (auto* v : {&s.objects, &s.q, &s.cotangent})
    for (float& x : *v) x = static_cast<float>(2 * random.uniform() - 1);
  return s;
}
// n scenes of 3 to 10 objects, each count equally often, and questions as long as the first 40 of CLEVR's training set.
inline scenes made_state(int n) {
  constexpr int lengths[] = {8,  8,  8,  11, 12, 12, 13, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 17, 17, 17,
                             19, 19, 20, 21, 21, 22, 22, 22, 23, 24, 25, 25, 26, 26, 28, 28, 28, 28, 29, 30};
  random_stream random{2, 1};
  const auto below = [&](int most) { return std::min(most - 1, static_cast<int>(static_cast<double>(random.uniform()) * most)); };
  scenes s;
  s.padded = 30;
  for (int i = 0; i < n; ++i) {
    s.counts.push_back(3 + i % 8);
    s.lengths.push_back(lengths[i / 8 % 40]);
    s.labels.push_back(below(28));
    for (int k = 0; k < s.counts.back(); ++k) {
      for (int j = 0; j < 3; ++j) s.objects.push_back(static_cast<float>(6 * random.uniform() - 3));
      for (const int ids : {8, 2, 3, 2}) s.objects.push_back(static_cast<float>(1 + below(ids)));
    }
    for (int k = 0; k < s.lengths.back(); ++k) s.tokens.push_back(1 + below(82));
  }
  return s;
}
// name: core, state or predict.
inline scenes scenes_of(const std::string& folder, const std::string& name) {
  scenes s;
  if (folder.empty()) {
    s = name == "core" ? made_core() : made_state(640);
    if (name == "predict") s.counts.assign(1, 6), s.lengths.assign(1, 18), s.objects.resize(6 * 7), s.tokens.resize(18), s.labels.resize(1);
  } else {
    const auto f = safetensors::open(folder + "/" + name + ".safetensors");
    s.counts = tensor_of<int>(f, "counts"), s.objects = tensor_of<float>(f, "objects");
    if (name == "core") s.q = tensor_of<float>(f, "q"), s.cotangent = tensor_of<float>(f, "cotangent");
    else s.lengths = tensor_of<int>(f, "lengths"), s.tokens = tensor_of<int>(f, "tokens"), s.padded = tensor_of<int>(f, "pad_to").at(0);
    if (name == "state") s.labels = tensor_of<int>(f, "labels");
  }
  s.index();
  return s;
}

// Scene k of a batch is scene (first + k) mod size of the inputs.
inline void fill(batch<rn_core>& to, const scenes& from, std::size_t n, std::size_t first = 0) {
  to.clear();
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = (first + k) % from.size(), objects = static_cast<std::size_t>(from.counts[i]);
    to.add_sample();
    to.count<thing>(from.counts[i]);
    to.push<"objects">(from.objects.data() + from.first_object[i] * 26, objects * 26);
    to.push<"question">(from.q.data() + i * 128, 128);
    to.push<"cotangent">(from.cotangent.data() + i * 256, 256);
  }
}
template <class M>
void fill(batch<M>& to, const scenes& from, std::size_t n, std::size_t first = 0) {
  to.clear();
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = (first + k) % from.size(), objects = static_cast<std::size_t>(from.counts[i]);
    to.add_sample();
    to.template count<object>(from.counts[i]);
    to.template push<"o">(from.objects.data() + from.first_object[i] * 7, objects * 7);
    to.template count<word>(from.lengths[i]);
    to.template push<"w">(from.tokens.data() + from.first_token[i], static_cast<std::size_t>(from.lengths[i]));
    to.template push<"answer">(from.labels.empty() ? 0 : from.labels[i]);
  }
  to.template space<word>().padded = from.padded;
}
template <class M>
double megabytes(const batch<M>& b) {
  std::size_t bytes = 0;
  for (const auto& s : b.spaces) bytes += (s.offsets.capacity() + s.senders.capacity() + s.receivers.capacity() + s.index.capacity()) * sizeof(int);
  for (const auto& r : b.reals) bytes += r.capacity() * sizeof(float);
  for (const auto& i : b.indices) bytes += i.capacity() * sizeof(int);
  return static_cast<double>(bytes) / (1 << 20);
}

template <class M>
limits<M> limits_of(const scenes& s, std::size_t samples) {
  limits<M> at;
  at.samples = static_cast<int>(samples);
  const int most = *std::max_element(s.counts.begin(), s.counts.end());
  if constexpr (std::is_same_v<M, rn_core>) at.template set<thing>(most);
  else at.template set<object>(most).template set<word>(s.padded);
  return at;
}

// FLOPs of one forward pass by describe: the first layer on objects, equal pairs once, words without their pads.
template <class M>
double forward_gflop(const scenes& s, std::size_t samples) {
  std::map<std::pair<int, int>, double> known;
  double sum = 0;
  for (std::size_t k = 0; k < samples; ++k) {
    const std::size_t i = k % s.size();
    const int objects = s.counts[i], words = s.lengths.empty() ? 0 : s.lengths[i];
    double& flops = known[{objects, words}];
    if (flops == 0) {
      limits<M> at;
      at.samples = 1;
      if constexpr (std::is_same_v<M, rn_core>) at.template set<thing>(objects);
      else at.template set<object>(objects).template set<word>(words);
      for (const auto& line : describe_lines_of<M>(at)) flops += line.flops;
    }
    sum += flops;
  }
  return 1e-9 * sum;
}

template <class M>
void first_weights(parameters<M>& to, const std::string& folder, const char* file, const name_table& names) {
  if (folder.empty()) return;  // those of the seed
  load_options options{.names = names, .allow_extra = true};
  for (const auto& e : to.table().entries)
    if (!e.path.ends_with("shift")) options.parts.push_back(e.path);
  load_weights(safetensors::open(folder + "/" + file), to, options);
}

// ---- one case, ready to run step by step
struct settings {
  std::string data;
  int threads = 1;
  bool bf16 = false;
  std::size_t batch = 0;  // 0: as many as its table row says
  const kernels<float>& kernel() const { return select_kernels<float>(isa::automatic, bf16 ? precision::bf16 : precision::full); }
};

class timed_case {
 public:
  virtual ~timed_case() = default;
  virtual void step() = 0;
  double gflop = 0, input_mb = 0;  // of one step
  std::size_t batch = 0;
  const char* instructions = "";
};

class core_case final : public timed_case {
 public:
  core_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "core")) {
    batch = s.batch ? s.batch : 64;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    first_weights(weights, s.data, "core.safetensors", core_names);
    program_ = std::make_unique<gradient_program<rn_core>>(limits_of<rn_core>(from_, batch), threads, s.kernel());
    gflop = 3 * forward_gflop<rn_core>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override { program_->run(batch_, weights, {}); }
  gradient_program<rn_core>& program() { return *program_; }
  parameters<rn_core> weights;

 private:
  scenes from_;
  relreason::batch<rn_core> batch_;
  std::unique_ptr<gradient_program<rn_core>> program_;
};

class state_case final : public timed_case {
 public:
  state_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "state")) {
    batch = s.batch ? s.batch : 640;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    trainer_options options;
    if (s.bf16) options.arithmetic = precision::bf16;
    trainer_ = std::make_unique<trainer<rn_state>>(limits_of<rn_state>(from_, batch), threads, options, adam{.weight_decay = 1e-4});
    first_weights(trainer_->weights, s.data, "state.safetensors", state_names);
    gflop = 3 * forward_gflop<rn_state>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override { trainer_->step(batch_, 5e-6); }

 private:
  scenes from_;
  relreason::batch<rn_state> batch_;
  std::unique_ptr<trainer<rn_state>> trainer_;
};

class predict_case final : public timed_case {
 public:
  predict_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "predict")) {
    batch = s.batch ? s.batch : 1;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    first_weights(weights_, s.data, "state.safetensors", state_names);
    predictor_ = std::make_unique<predictor_type>(weights_, limits_of<rn_state>(from_, batch), s.kernel());
    workspace_ = std::make_unique<predictor_type::workspace>(*predictor_, &threads);
    log_probabilities.resize(batch * models::answers);
    gflop = forward_gflop<rn_state>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override {
    predictor_->run(*workspace_, batch_, {log_probabilities.data()});
    for (std::size_t i = 0; i < batch; ++i) {
      float* row = log_probabilities.data() + i * models::answers;
      const double all = log_sum_exp(row, models::answers);
      for (int k = 0; k < models::answers; ++k) row[k] = static_cast<float>(static_cast<double>(row[k]) - all);
    }
  }
  std::vector<float> log_probabilities;

 private:
  using predictor_type = predictor<rn_state, float, "a">;
  scenes from_;
  relreason::batch<rn_state> batch_;
  parameters<rn_state> weights_{1};
  std::unique_ptr<predictor_type> predictor_;
  std::unique_ptr<predictor_type::workspace> workspace_;
};

inline void warm(timed_case& c, int least) {  // and for a second; 0: not at all
  const auto start = std::chrono::steady_clock::now();
  for (int steps = 0; steps < least || (least > 0 && seconds_since(start) < 1); ++steps) c.step();
}
inline double timed_ms(timed_case& c) {
  const auto start = std::chrono::steady_clock::now();
  c.step();
  return 1e3 * seconds_since(start);
}
inline double median_of(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
}

}  // namespace bench
