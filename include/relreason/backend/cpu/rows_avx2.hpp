// relreason/backend/cpu/rows_avx2.hpp -- element-wise passes in AVX2, float. No FMA: the same bits as the portable passes.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include "relreason/backend/cpu/rows_portable.hpp"

#define RELREASON_ROW_TARGET __attribute__((target("avx2")))
namespace relreason::cpu::rows_avx2 {

using real = float;
using vec = __m256;
using integers __attribute__((vector_size(32))) = std::int32_t;
inline constexpr std::size_t lanes = 8;

RELREASON_ROW_TARGET __attribute__((always_inline)) inline __m256i first(std::size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
RELREASON_ROW_TARGET __attribute__((always_inline)) inline vec load_part(const float* p, std::size_t n) { return _mm256_maskload_ps(p, first(n)); }
RELREASON_ROW_TARGET __attribute__((always_inline)) inline void store_part(float* p, const vec& v, std::size_t n) {
  _mm256_maskstore_ps(p, first(n), v);
}
RELREASON_ROW_TARGET __attribute__((always_inline)) inline vec root(const vec& v) { return _mm256_sqrt_ps(v); }

}  // namespace relreason::cpu::rows_avx2
#define RELREASON_ROW_SET rows_avx2
#define RELREASON_ROW_NAME "avx2"
#define RELREASON_ROW_LIBM 0
#include "relreason/backend/cpu/rows_body.hpp"
#endif
