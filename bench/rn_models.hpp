// bench/rn_models.hpp -- the Relation Networks that the benchmarks run, on a CPU or a GPU, and their inputs and first weights.
// These are those of workload.py where a folder is given, so that PyTorch has the same; else made here with the same shapes.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "measure.hpp"
#include "relreason/backend/host_device.hpp"
#include "relreason/core/batch.hpp"
#include "relreason/core/limits.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/weights.hpp"

namespace bench {

using namespace relreason;

// ---- RN core: r = sum_ab g(o_b, o_a, q) with dloss/dr given. A learned shift of zero stands before the inputs: their gradients are computed.
struct scene : sample {};
struct thing : each<scene> {};
struct thing_pair : all_pairs<thing> {};

struct shift {  // y = x + b    x: (rows, width)    db += sum_rows dy; x is an input
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    static constexpr bool learns = true, on_device = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("shift", {X::width}, {initializer::constant, 0}); }
    static std::string text() { return "shift"; }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const int n = ctx.template at<typename X::space>().rows;
      ctx.copy(extent_product(n, X::width), y, in.real(0));
      ctx.add_rows(n, X::width, y, X::width, s.parameter[0], 0);
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real* dy) {
      ctx.sum_rows(ctx.template at<typename X::space>().rows, X::width, dy, s.dparameter[0]);
    }
  };
};
template <class T>
struct product_at {
  const T *x, *c;
  RELREASON_HD double operator()(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(c[i]); }
};
template <class T>
struct add_scaled_at {
  T* dx;
  const T* c;
  T scale;
  RELREASON_HD void operator()(std::size_t i) const { dx[i] += scale * c[i]; }
};
struct inner_product {  // l = sum x c
  template <class X, class Cotangent>
  struct bind : operation {
    static constexpr bool on_device = true;
    static std::string text() { return "inner product"; }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      ctx.add_loss(count(ctx), product_at<typename C::real>{in.real(0), in.real(1)});
    }
    template <class C, class Tape>
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::real scale) {
      ctx.each(count(ctx), add_scaled_at<typename C::real>{in.dx[0], in.real(1), scale});
    }
    template <class C>
    static std::size_t count(const C& ctx) {
      return extent_product(ctx.template at<typename X::space>().rows, X::width);
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
// Rows of logits -> log-probabilities, in place.
inline void to_log_probabilities(std::vector<float>& rows, int width) {
  for (auto row = rows.begin(); row != rows.end(); row += width) {
    const double all = log_sum_exp(&*row, width);
    for (auto x = row; x != row + width; ++x) *x = static_cast<float>(static_cast<double>(*x) - all);
  }
}
template <class M>
double megabytes(const batch<M>& b) {
  std::size_t bytes = 0;
  for (const auto& s : b.spaces) bytes += (s.offsets.capacity() + s.senders.capacity() + s.receivers.capacity() + s.index.capacity()) * sizeof(int);
  for (const auto& r : b.reals) bytes += r.capacity() * sizeof(float);
  for (const auto& i : b.indices) bytes += i.capacity() * sizeof(int);
  for (const auto& i : b.bytes) bytes += i.size();  // pictures are large: of what a vector reserved beyond them nothing is resident
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

inline bool is_shift(const std::string& path) { return path.ends_with("shift"); }

template <class M>
void first_weights(parameters<M>& to, const std::string& folder, const char* file, const name_table& names) {
  if (folder.empty()) return;  // those of the seed
  load_options options{.names = names, .allow_extra = true};
  for (const auto& e : to.table().entries)
    if (!is_shift(e.path)) options.parts.push_back(e.path);
  load_weights(safetensors::open(folder + "/" + file), to, options);
}

// The loss, and the L2 norm of the gradient of every array but those `without`, as JSON.
template <class M>
std::string norms_of(double loss, const float* gradients, const name_table& names, bool (*without)(const std::string&) = is_shift) {
  std::string norms;
  for (const auto& e : parameters<M>::table().entries) {
    if (without(e.path)) continue;
    double sum = 0;
    for (std::size_t i = 0; i < e.count; ++i) sum += static_cast<double>(gradients[e.offset + i]) * static_cast<double>(gradients[e.offset + i]);
    norms += (norms.empty() ? "" : ", ") + quoted(names(e.path)) + ": " + number_text(std::sqrt(sum));
  }
  return "\"loss\": " + number_text(loss) + ", \"norms\": {" + norms + "}";
}

}  // namespace bench
