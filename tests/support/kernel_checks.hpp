// tests/support/kernel_checks.hpp -- a product of any kernel set between guards, and what it must be by sums in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/philox.hpp"

namespace kernel_checks {

using namespace relreason;

inline constexpr float nan_value = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
inline constexpr int all_rows[]{0, 1, 2, 3, 5, 11, 12, 13, 61, 193}, all_k[]{1, 3, 26, 32, 257}, all_n[]{1, 15, 28, 32, 33, 256};

// The sets this processor can run.
template <class T>
std::vector<const kernels<T>*> available() {
  if constexpr (std::is_same_v<T, double>) {
    return {&cpu::panel_kernels<cpu::portable<double>>::table};
  } else {
    std::vector<const kernels<float>*> sets{&cpu::panel_kernels<cpu::portable<float>>::table, &cpu::rounded_kernels<cpu::portable<float>>::table};
#if defined(__x86_64__)
    if (supported(isa::avx2)) sets.insert(sets.end(), {&cpu::panel_kernels<cpu::avx2>::table, &cpu::rounded_kernels<cpu::avx2>::table});
    if (supported(isa::avx512)) sets.insert(sets.end(), {&cpu::panel_kernels<cpu::avx512>::table, &cpu::rounded_kernels<cpu::avx512>::table});
    if (supports_bf16()) sets.push_back(&cpu::avx512_bf16::table);
#endif
    return sets;
  }
}
template <class T>
bool rounds(const kernels<T>& set) {
  return std::string(set.name).ends_with("bf16");
}

// rows x columns with gaps between the rows, guards around, and a first element that is not aligned to more than its size.
template <class T>
struct matrix {
  static constexpr std::ptrdiff_t guard = 65;
  int rows, columns;
  std::ptrdiff_t ld;
  std::vector<T> all;
  matrix(int r, int c, T fill = T(77)) : rows(r), columns(c), ld(c + 3), all(static_cast<std::size_t>(r * ld + 2 * guard), fill) {}
  matrix(int r, int c, std::uint64_t stream) : matrix(r, c) {
    std::uint64_t at = 0;
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) (*this)(i, j) = static_cast<T>(std::ldexp(static_cast<double>(philox::at(7, stream, at++).v[0]), -31) - 1);
  }
  T* data() { return all.data() + guard; }
  T& operator()(int i, int j) { return data()[i * ld + j]; }
  // Every element outside the matrix still has the fill value.
  bool untouched(T fill = T(77)) {
    std::vector<T> rest = all;
    for (int i = 0; i < rows; ++i) std::fill_n(rest.begin() + guard + i * ld, columns, fill);
    return std::all_of(rest.begin(), rest.end(), [&](T x) { return x == fill; });
  }
};

// 64-byte aligned memory of exactly `bytes` (a multiple of 64), with guards behind it.
class block {
 public:
  explicit block(std::size_t bytes) : bytes_(bytes), all_(bytes + 128, std::byte{0x5a}) {}
  void* data() { return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(all_.data()) + 63) / 64 * 64); }
  bool respected() {
    const auto* end = all_.data() + all_.size();
    return bytes_ % 64 == 0 && std::all_of(static_cast<const std::byte*>(data()) + bytes_, end, [](std::byte b) { return b == std::byte{0x5a}; });
  }

 private:
  std::size_t bytes_;
  std::vector<std::byte> all_;
};

template <class T>
T operand(const kernels<T>& set, T x) {
  if constexpr (std::is_same_v<T, float>) return rounds(set) ? cpu::rounded_to_bf16(x) : x;
  else return x;
}

template <class T>
std::vector<double> operands(const kernels<T>& set, matrix<T>& m) {
  std::vector<double> all;
  for (int i = 0; i < m.rows; ++i)
    for (int j = 0; j < m.columns; ++j) all.push_back(static_cast<double>(operand(set, m(i, j))));
  return all;
}

// One product: its operands, packed weights, and what the sums are in double.
template <class T>
struct product {
  const kernels<T>& set;
  int rows, k, n;
  matrix<T> x, w, bias, y;
  std::vector<double> left, right;  // the operands as multiplied: (rows, k) and (n, k)
  block packed, workspace;
  affine_args<T> a;
  product(const kernels<T>& s, int r, int k_, int n_)
      : set(s),
        rows(r),
        k(k_),
        n(n_),
        x(r, k, std::uint64_t{1}),
        w(n, k, std::uint64_t{2}),
        bias(1, n, std::uint64_t{3}),
        y(r, n),
        left(operands(s, x)),
        right(operands(s, w)),
        packed(s.packed_bytes(k, n)),
        workspace(s.workspace_bytes(r, k, n)) {
    set.pack(w.data(), w.ld, false, k, n, packed.data());
    a.rows = rows, a.k = k, a.n = n, a.x = x.data(), a.ldx = x.ld, a.w.packed = packed.data(), a.bias = bias.data();
    a.y = y.data(), a.ldy = y.ld, a.workspace = workspace.data();
  }
  bool memory_respected() { return packed.respected() && workspace.respected() && y.untouched(); }
};
// A sum in double, and a bound of the error of the same sum in T: k + 1 terms give less than k + 1 roundings of the sum of their sizes;
// one more for the epilogue, and epsilon is two roundings.
struct element {
  double value, bound;
};
struct strided {
  const std::vector<double>& of;
  int first, step;
  double operator[](int p) const { return of[static_cast<std::size_t>(first + p * step)]; }
};
// value + sum over p of a[p] b[p]
template <class T>
element dot(T start, int count, const strided& a, const strided& b) {
  double value = static_cast<double>(start), size = std::abs(value);
  for (int p = 0; p < count; ++p) {
    value += a[p] * b[p];
    size += std::abs(a[p] * b[p]);
  }
  return {value, (count + 2) * size * static_cast<double>(std::numeric_limits<T>::epsilon())};
}
template <class T>
std::vector<element> expected(product<T>& p) {
  std::vector<element> all;
  for (int i = 0; i < p.rows; ++i)
    for (int j = 0; j < p.n; ++j) all.push_back(dot(p.a.bias ? p.bias(0, j) : T(0), p.k, {p.left, p.k * i, 1}, {p.right, p.k * j, 1}));
  return all;
}
// The first element of Y that f(value) does not explain, as text; empty if none.
template <class T, class F>
std::string wrong(product<T>& p, const std::vector<element>& sums, F&& f) {
  for (int i = 0; i < p.rows; ++i)
    for (int j = 0; j < p.n; ++j) {
      const element e = sums[static_cast<std::size_t>(i) * static_cast<std::size_t>(p.n) + static_cast<std::size_t>(j)];
      const double found = static_cast<double>(p.y(i, j)), wanted = f(e.value, i, j);
      if (!(std::abs(found - wanted) <= e.bound + std::abs(wanted) * 1e-7))
        return "y(" + std::to_string(i) + "," + std::to_string(j) + ") is " + std::to_string(found) + ", not " + std::to_string(wanted);
    }
  return {};
}
template <class T>
std::string shape_of(const kernels<T>& set, int rows, int k, int n) {
  return std::string(set.name) + " rows " + std::to_string(rows) + " k " + std::to_string(k) + " n " + std::to_string(n);
}
template <class F>
void for_each_shape(F&& f) {
  for (const int rows : all_rows)
    for (const int k : all_k)
      for (const int n : all_n) f(rows, k, n);
}
inline bool same_bytes(const void* a, const void* b, std::size_t bytes) { return bytes == 0 || std::memcmp(a, b, bytes) == 0; }
template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size() * sizeof(T));
}

template <class T, class F>
void for_each_set(F&& f) {
  for (const kernels<T>* set : available<T>()) f(*set);
}

}  // namespace kernel_checks
