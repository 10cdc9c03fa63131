// relreason/nn/layers.hpp -- the layers that chains (mlp, the g of sum_over) are written with, as a table of numbers.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>

#include "relreason/backend/kernels.hpp"
#include "relreason/core/operation.hpp"

namespace relreason {

template <int Width>
struct linear;            // y = W x + b; by itself an operation
template <int Width = 0>  // relu<>: an operation, nn/relu.hpp
struct relu {             // y = max(W x + b, 0)
  static_assert(Width > 0, "relreason::relu: the width must be positive");
};
template <int Width = 0>  // gelu<>: an operation, nn/gelu.hpp
struct gelu {             // y = gelu(W x + b), x Phi(x)
  static_assert(Width > 0, "relreason::gelu: the width must be positive");
};
template <int Width = 0>  // gelu_tanh<>: an operation, nn/gelu.hpp
struct gelu_tanh {        // y = gelu(W x + b) by its approximation with tanh
  static_assert(Width > 0, "relreason::gelu_tanh: the width must be positive");
};
template <int Percent>
struct dropout;  // drops Percent of the layer before it; by itself an operation

struct layer_info {
  int in = 0, out = 0;
  activation act = activation::none;
  int dropout = 0;  // percent
};

namespace detail {

template <class Layer>
struct layer_of {
  static_assert(!std::is_same_v<Layer, Layer>,
                "relreason::mlp: a layer must be relu<width>, gelu<width>, gelu_tanh<width>, linear<width> or dropout<percent>");
};
template <int W>
struct layer_of<linear<W>> {
  static_assert(W > 0, "relreason::linear: the width must be positive");
  static constexpr bool makes_layer = true;
  static constexpr layer_info info{0, W, activation::none, 0};
};
template <int W>
struct layer_of<relu<W>> {
  static_assert(W > 0, "relreason::relu: the width must be positive");
  static constexpr bool makes_layer = true;
  static constexpr layer_info info{0, W, activation::relu, 0};
};
template <int W>
struct layer_of<gelu<W>> {
  static_assert(W > 0, "relreason::gelu: the width must be positive");
  static constexpr bool makes_layer = true;
  static constexpr layer_info info{0, W, activation::gelu, 0};
};
template <int W>
struct layer_of<gelu_tanh<W>> {
  static_assert(W > 0, "relreason::gelu_tanh: the width must be positive");
  static constexpr bool makes_layer = true;
  static constexpr layer_info info{0, W, activation::gelu_tanh, 0};
};
template <int P>
struct layer_of<dropout<P>> {
  static_assert(P >= 0 && P < 100, "relreason::dropout: the percentage must lie in 0 to 99");
  static constexpr bool makes_layer = false;
  static constexpr layer_info info{0, 0, activation::none, P};
};

}  // namespace detail

// Layers with inferred widths: In, then each layer's own; Extra more inputs join at layer ExtraAt.
template <class... Layers>
struct layer_table {
  static constexpr int n = (0 + ... + (detail::layer_of<Layers>::makes_layer ? 1 : 0));
  static_assert(n > 0, "relreason::mlp: at least one layer, such as relu<width> or linear<width>");
  using table = std::array<layer_info, static_cast<std::size_t>(n)>;

  static constexpr table make(int in, int extra = 0, int extra_at = -1) {
    table t{};
    int i = -1;
    const auto add = [&](bool makes, layer_info l) {
      if (makes) t[static_cast<std::size_t>(++i)] = l;
      else if (i >= 0) t[static_cast<std::size_t>(i)].dropout = l.dropout;
    };
    (add(detail::layer_of<Layers>::makes_layer, detail::layer_of<Layers>::info), ...);
    int width = in;
    for (int k = 0; k < n; ++k) {
      t[static_cast<std::size_t>(k)].in = width + (k == extra_at ? extra : 0);
      width = t[static_cast<std::size_t>(k)].out;
    }
    return t;
  }
  static constexpr bool starts_with_layer = [] {
    bool first = false;
    int i = 0;
    ((i++ == 0 ? void(first = detail::layer_of<Layers>::makes_layer) : void()), ...);
    return first;
  }();
  static_assert(starts_with_layer, "relreason::mlp: dropout<percent> must follow the layer that it drops from");
};

template <class Table>
constexpr bool has_gelu(const Table& layers) {
  for (const layer_info& l : layers)
    if (is_gelu(l.act)) return true;
  return false;
}

// "256 relu, 28, dropout 5 %": layers as a table shows them.
template <class Table>
std::string layers_text(const Table& layers) {
  constexpr const char* names[] = {"", " relu", " gelu", " gelu tanh"};
  std::string text;
  for (const layer_info& l : layers) {
    text += (text.empty() ? "" : ", ") + std::to_string(l.out) + names[static_cast<int>(l.act)];
    if (l.dropout) text += ", dropout " + std::to_string(l.dropout) + " %";
  }
  return text;
}

// U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)) for weight and bias, as PyTorch's Linear starts.
inline initializer fan_in_uniform(int fan_in) { return {initializer::uniform, 1.0 / std::sqrt(static_cast<double>(fan_in))}; }

inline void declare_linear(declaration& d, const std::string& prefix, int in, int out) {
  d.parameter(prefix + "weight", {out, in}, fan_in_uniform(in));
  d.parameter(prefix + "bias", {out}, fan_in_uniform(in));
}

}  // namespace relreason
