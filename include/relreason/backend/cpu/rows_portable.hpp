// relreason/backend/cpu/rows_portable.hpp -- element-wise passes for any processor, in float and double: vectors of 16 bytes.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "relreason/backend/kernels.hpp"

// No fused multiply-add: else a unit compiled for a processor that has it would compute other bits than its neighbor.
#if defined(__clang__)
#define RELREASON_UNFUSED
#define RELREASON_UNFUSED_BODY _Pragma("clang fp contract(off)")
#else
#define RELREASON_UNFUSED __attribute__((optimize("fp-contract=off")))
#define RELREASON_UNFUSED_BODY
#endif

namespace relreason::cpu::rows_float {

using real = float;
using vec __attribute__((vector_size(16))) = float;
using integers __attribute__((vector_size(16))) = std::int32_t;
inline constexpr std::size_t lanes = 4;

__attribute__((always_inline)) inline vec load_part(const float* p, std::size_t n) {
  vec v{};
  for (std::size_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
__attribute__((always_inline)) inline void store_part(float* p, const vec& v, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) p[i] = v[i];
}
__attribute__((always_inline)) inline vec root(vec v) {
#if defined(__SSE2__)
  return _mm_sqrt_ps(v);  // std::sqrt may set errno, which keeps compilers from vectorizing it; both round correctly
#else
  for (std::size_t i = 0; i < lanes; ++i) v[i] = std::sqrt(v[i]);
  return v;
#endif
}

}  // namespace relreason::cpu::rows_float
#define RELREASON_ROW_SET rows_float
#define RELREASON_ROW_NAME "portable"
#define RELREASON_ROW_TARGET
#define RELREASON_ROW_LIBM 0
#include "relreason/backend/cpu/rows_body.hpp"

namespace relreason::cpu::rows_double {

using real = double;
using vec __attribute__((vector_size(16))) = double;
using integers __attribute__((vector_size(16))) = std::int64_t;
inline constexpr std::size_t lanes = 2;

__attribute__((always_inline)) inline vec load_part(const double* p, std::size_t) { return vec{*p, 0}; }
__attribute__((always_inline)) inline void store_part(double* p, const vec& v, std::size_t) { *p = v[0]; }
__attribute__((always_inline)) inline vec root(const vec& v) { return vec{std::sqrt(v[0]), std::sqrt(v[1])}; }

}  // namespace relreason::cpu::rows_double
#define RELREASON_ROW_SET rows_double
#define RELREASON_ROW_NAME "portable"
#define RELREASON_ROW_TARGET
#define RELREASON_ROW_LIBM 1
#include "relreason/backend/cpu/rows_body.hpp"

namespace relreason::cpu {

template <class T>
inline constexpr const row_kernels<T>* portable_rows = nullptr;
template <>
inline constexpr const row_kernels<float>* portable_rows<float> = &rows_float::table;
template <>
inline constexpr const row_kernels<double>* portable_rows<double> = &rows_double::table;

}  // namespace relreason::cpu
