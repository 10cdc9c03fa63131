// relreason/backend/cuda/functions.cuh -- the CPU's functions of one number at a time: in float the same bits on a host and on a GPU.
// Source: backend/cpu/rows_body.hpp, whose passes fuse no product into a sum and share these polynomials (Cephes' coefficients).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "relreason/backend/host_device.hpp"
#include "relreason/backend/kernels.hpp"

namespace relreason::device {

// a b, rounded: compilers may not fuse it with a sum that follows.
RELREASON_HD inline float product(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fmul_rn(a, b);
#else
  float p = a * b;
  __asm__("" : "+m"(p));
  return p;
#endif
}
RELREASON_HD inline double product(double a, double b) {
#if defined(__CUDA_ARCH__)
  return __dmul_rn(a, b);
#else
  double p = a * b;
  __asm__("" : "+m"(p));
  return p;
#endif
}

// a + b, where compilers may not fuse a product that b ends in.
RELREASON_HD inline double unfused_sum(double a, double b) {
#if defined(__CUDA_ARCH__)
  return __dadd_rn(a, b);
#else
  __asm__("" : "+m"(b));
  return a + b;
#endif
}
RELREASON_HD inline int unfused_sum(int a, int b) { return a + b; }

// max(x, 0); NaN stays.
template <class T>
RELREASON_HD T positive(T x) {
  return x < 0 ? T(0) : x;
}

// Range reduction and a polynomial of degree 6; relative error below 2e-7.
RELREASON_HD inline float exp_of(float x) {
  x = x > 88.f ? 88.f : x;
  x = x < -87.f ? -87.f : x;
  const float shifted = product(x, 1.44269504088896341f) + 12582912.f, k = shifted - 12582912.f;  // rounds to the nearest integer
  const float r = (x - product(k, 0.693359375f)) - product(k, -2.12194440e-4f);
  float p = product(r, 1.9875691500e-4f) + 1.3981999507e-3f;
  p = product(p, r) + 8.3334519073e-3f;
  p = product(p, r) + 4.1665795894e-2f;
  p = product(p, r) + 1.6666665459e-1f;
  p = product(p, r) + 5.0000001201e-1f;
  p = product(product(p, r), r) + r + 1.f;
  std::uint32_t exponent;  // the integer stands in the low bits of shifted; whatever NaN leaves there, p is NaN
  std::memcpy(&exponent, &shifted, sizeof exponent);
  exponent = (exponent - 0x4B400000u + 127u) << 23;
  float power;
  std::memcpy(&power, &exponent, sizeof power);
  return product(p, power);
}
RELREASON_HD inline float tanh_of(float x) {
  const float z = product(x, x), large = 1.f - 2.f / (exp_of(x + x) + 1.f);
  float p = product(z, -5.70498872745e-3f) + 2.06390887954e-2f;
  p = product(p, z) - 5.37397155531e-2f;
  p = product(p, z) + 1.33314422036e-1f;
  p = product(p, z) - 3.33332819422e-1f;
  return z < 0.390625f ? product(product(p, z), x) + x : large;
}
// double serves checks, not speed: the library's functions, which differ between host and GPU in the last bits.
RELREASON_HD inline double exp_of(double x) { return std::exp(x); }
RELREASON_HD inline double tanh_of(double x) { return std::tanh(x); }

template <class T>
RELREASON_HD T sigmoid_of(T x) {
  return 1 / (1 + exp_of(-x));
}

// 1 - Phi(u) for u >= 0, and where GELUs end, as the CPU's rows_body.hpp has them.
RELREASON_HD inline float normal_tail(float u, float density) {
  const float t = 1.f / (product(u, .35f) + 1.f);
  float p = product(t, -2.90949386e-2f) + 1.43718821e-1f;
  p = product(p, t) - 2.55180835e-1f;
  p = product(p, t) + 1.58550805e-1f;
  p = product(p, t) - 2.26698088e-2f;
  p = product(p, t) + 1.05316515e-1f;
  p = product(p, t) + 1.19882861e-1f;
  p = product(p, t) + 1.39854736e-1f;
  p = product(p, t) + 1.39621829e-1f;
  return product(product(p, t), density);
}
RELREASON_HD inline double normal_tail(double u, double) { return std::erfc(u * 0.7071067811865475244) / 2; }
RELREASON_HD constexpr float gelu_end(activation form, float) { return form == activation::gelu ? 13 : 10; }
RELREASON_HD constexpr double gelu_end(activation form, double) { return form == activation::gelu ? 40 : 21; }

// rest = 1 - g(u) and slope = u g'(u) of u = min(|x|, end), where GELU is x g(x)
template <class T>
struct gelu_parts {
  T u, rest, slope;
  RELREASON_HD gelu_parts(activation form, T x) {
    const T end = gelu_end(form, x);
    u = x < 0 ? -x : x;
    u = u > end ? end : u;
    const T square = product(u, u);
    if (form == activation::gelu) {
      const T density = u < end ? exp_of(product(square, T(-0.5))) : T(0);
      slope = product(product(u, density), T(0.3989422804014327));
      rest = normal_tail(u, density);
    } else {
      const T s = product(u, product(square, T(0.07135481627260025)) + T(1.5957691216057308));
      const T e = u < end ? exp_of(-s) : T(0);
      rest = e / (1 + e);
      slope = product(product(product(u, product(square, T(0.21406444881780076)) + T(1.5957691216057308)), rest), 1 - rest);
    }
  }
};
template <class T>
RELREASON_HD T gelu_of(activation form, T x) {
  const gelu_parts<T> p(form, x);
  return positive(x) - product(p.u, p.rest);
}
template <class T>
RELREASON_HD T gelu_slope_of(activation form, T x) {
  const gelu_parts<T> p(form, x);
  const T below = p.rest - p.slope;
  return x > 0 ? 1 - below : below;
}

}  // namespace relreason::device
