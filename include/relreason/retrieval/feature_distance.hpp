// relreason/retrieval/feature_distance.hpp -- distances between feature vectors, accurate and the same to the bit on every machine.
// From differences in double: |q|^2 + |g|^2 - 2 q g, which is faster, loses all digits where q and g are near.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/rows_view.hpp"

namespace relreason::retrieval {

// l2: |q - g|.   cosine: 1 - q g / (|q| |g|), and 1 where either is zero.
enum class feature_distance { l2, cosine };
inline const char* text_of(feature_distance d) { return d == feature_distance::l2 ? "l2" : "cosine"; }

namespace detail {

// Sums of 16 strands in double, joined by a fixed tree; no fused multiply-add. So every instruction set gives the same bits.
struct sums {
  double (*squared_difference)(const float* a, const float* b, std::size_t n);
  double (*product)(const float* a, const float* b, std::size_t n);
};

// A function takes the instruction set of its own attribute, so its text is compiled once for each; TERM makes a strand's next term of x and y.
#define RELREASON_STRANDS(NAME, TARGET, WIDEN, TERM)                                           \
  TARGET RELREASON_UNFUSED inline double NAME(const float* a, const float* b, std::size_t n) { \
    RELREASON_UNFUSED_BODY                                                                     \
    using few __attribute__((vector_size(16))) = float;                                        \
    using wide __attribute__((vector_size(32))) = double;                                      \
    wide s0{}, s1{}, s2{}, s3{};                                                               \
    float last[2][16];                                                                         \
    for (std::size_t i = 0; i < n; i += 16) {                                                  \
      const float *p = a + i, *q = b + i;                                                      \
      if (n - i < 16) {                                                                        \
        std::memset(last, 0, sizeof last);                                                     \
        std::memcpy(last[0], p, sizeof(float) * (n - i));                                      \
        std::memcpy(last[1], q, sizeof(float) * (n - i));                                      \
        p = last[0], q = last[1];                                                              \
      }                                                                                        \
      few u0, u1, u2, u3, v0, v1, v2, v3;                                                      \
      std::memcpy(&u0, p, sizeof u0), std::memcpy(&v0, q, sizeof v0);                          \
      std::memcpy(&u1, p + 4, sizeof u1), std::memcpy(&v1, q + 4, sizeof v1);                  \
      std::memcpy(&u2, p + 8, sizeof u2), std::memcpy(&v2, q + 8, sizeof v2);                  \
      std::memcpy(&u3, p + 12, sizeof u3), std::memcpy(&v3, q + 12, sizeof v3);                \
      s0 += TERM(WIDEN(u0), WIDEN(v0));                                                        \
      s1 += TERM(WIDEN(u1), WIDEN(v1));                                                        \
      s2 += TERM(WIDEN(u2), WIDEN(v2));                                                        \
      s3 += TERM(WIDEN(u3), WIDEN(v3));                                                        \
    }                                                                                          \
    const wide t = (s0 + s2) + (s1 + s3);                                                      \
    return (t[0] + t[2]) + (t[1] + t[3]);                                                      \
  }
#define RELREASON_PRODUCT(x, y) ((x) * (y))
#define RELREASON_SQUARE(x, y) (((x) - (y)) * ((x) - (y)))

#define RELREASON_WIDEN(x) __builtin_convertvector(x, wide)
#define RELREASON_WIDEN_X86(x) (wide) _mm256_cvtps_pd((__m128)x)  // GCC 12 makes four instructions of the other

#define RELREASON_SUMS(SET, TARGET, WIDEN)                           \
  RELREASON_STRANDS(product_##SET, TARGET, WIDEN, RELREASON_PRODUCT) \
  RELREASON_STRANDS(squares_##SET, TARGET, WIDEN, RELREASON_SQUARE)  \
  inline constexpr sums sums_##SET{squares_##SET, product_##SET};
RELREASON_SUMS(portable, , RELREASON_WIDEN)
#if defined(__x86_64__)
RELREASON_SUMS(avx2, __attribute__((target("avx2,fma"))), RELREASON_WIDEN_X86)
RELREASON_SUMS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), RELREASON_WIDEN_X86)
#endif
#undef RELREASON_SUMS
#undef RELREASON_STRANDS
#undef RELREASON_WIDEN
#undef RELREASON_WIDEN_X86
#undef RELREASON_SQUARE
#undef RELREASON_PRODUCT

inline const sums& select_sums(isa wanted) {
  [[maybe_unused]] const isa found = cpu::resolve(wanted);
#if defined(__x86_64__)
  if (found == isa::avx512) return sums_avx512;
  if (found == isa::avx2) return sums_avx2;
#endif
  return sums_portable;
}

}  // namespace detail

// An error that names the first value which is no feature. Beyond 1e15 squares and their sums would leave float.
inline void check_features(const std::string& who, rows_view<const float> x, const char* what) {
  constexpr float most = 1e15f;
  if (x.rows < 0 || x.width < 1) fail(who, ": found ", what, " of shape (", x.rows, ", ", x.width, "), wanted at least one value in a row");
  for (int i = 0; i < x.rows; ++i) {
    const float* row = x.row(i);
    bool good = true;
    for (int j = 0; j < x.width; ++j) good &= row[j] >= -most && row[j] <= most;
    for (int j = 0; !good && j < x.width; ++j)
      if (!(row[j] >= -most && row[j] <= most))
        fail(who, ": value ", j, " of row ", i, " of the ", what, " is ", row[j], ", wanted a finite number of at most 1e15 in size");
  }
}

// Distances from any vector to the rows of a gallery, which must outlive it. Refuses values that are not finite.
class distance_to_rows {
 public:
  distance_to_rows(rows_view<const float> gallery, feature_distance kind, isa wanted = isa::automatic)
      : gallery_(gallery), kind_(kind), sums_(&detail::select_sums(wanted)) {
    check_features("distance_to_rows", gallery, "gallery");
    if (kind == feature_distance::l2) return;
    squares_.resize(static_cast<std::size_t>(gallery.rows));
    for (int j = 0; j < gallery.rows; ++j) squares_[static_cast<std::size_t>(j)] = squared_norm(gallery.row(j));
  }

  const rows_view<const float>& gallery() const { return gallery_; }
  feature_distance kind() const { return kind_; }
  double squared_norm(const float* x) const { return sums_->product(x, x, width()); }

  // Asks for a row that will be needed soon.
  void prefetch(int j) const {
    const auto* row = reinterpret_cast<const char*>(gallery_.row(j));
    for (std::size_t at = 0; at < width() * sizeof(float); at += 64) __builtin_prefetch(row + at);
  }
  // square: squared_norm(query), read for cosine only
  double operator()(const float* query, double square, int j) const {
    const float* g = gallery_.row(j);
    if (kind_ == feature_distance::l2) return std::sqrt(sums_->squared_difference(query, g, width()));
    const double both = square * squares_[static_cast<std::size_t>(j)];
    return both > 0 ? std::clamp(1 - sums_->product(query, g, width()) / std::sqrt(both), 0., 2.) : 1;
  }
  // to: (gallery rows)
  void all(const float* query, double* to) const {
    const double square = kind_ == feature_distance::cosine ? squared_norm(query) : 0;
    for (int j = 0; j < gallery_.rows; ++j) to[j] = (*this)(query, square, j);
  }

 private:
  std::size_t width() const { return static_cast<std::size_t>(gallery_.width); }

  rows_view<const float> gallery_;
  feature_distance kind_;
  const detail::sums* sums_;
  std::vector<double> squares_;  // of the gallery's norms
};

}  // namespace relreason::retrieval
