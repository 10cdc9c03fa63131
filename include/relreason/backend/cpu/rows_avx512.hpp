// relreason/backend/cpu/rows_avx512.hpp -- element-wise passes in AVX-512, float. No FMA: the same bits as the portable passes.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include "relreason/backend/cpu/rows_portable.hpp"

#define RELREASON_ROW_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
namespace relreason::cpu::rows_avx512 {

using real = float;
using vec = __m512;
using integers __attribute__((vector_size(64))) = std::int32_t;
inline constexpr std::size_t lanes = 16;

RELREASON_ROW_TARGET __attribute__((always_inline)) inline __mmask16 first(std::size_t n) { return static_cast<__mmask16>((1u << n) - 1); }
RELREASON_ROW_TARGET __attribute__((always_inline)) inline vec load_part(const float* p, std::size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
RELREASON_ROW_TARGET __attribute__((always_inline)) inline void store_part(float* p, const vec& v, std::size_t n) {
  _mm512_mask_storeu_ps(p, first(n), v);
}
RELREASON_ROW_TARGET __attribute__((always_inline)) inline vec root(const vec& v) { return _mm512_maskz_sqrt_ps(0xffff, v); }

}  // namespace relreason::cpu::rows_avx512
#define RELREASON_ROW_SET rows_avx512
#define RELREASON_ROW_NAME "avx512"
#define RELREASON_ROW_LIBM 0
#include "relreason/backend/cpu/rows_body.hpp"
#endif
