// relreason/backend/cpu/rows_body.hpp -- the element-wise passes, compiled once per instruction set by rows_portable, rows_avx2 and rows_avx512.hpp.
// They define RELREASON_ROW_SET, a namespace that holds real, vec, integers, lanes, load_part, store_part and root, its name and its target.
// Alone this header is empty: functions take the target of their own attribute, so one text must be compiled once for each of them.
#if defined(RELREASON_ROW_SET)

#define RELREASON_ROW inline RELREASON_ROW_TARGET RELREASON_UNFUSED
#define RELREASON_ROW_INLINE RELREASON_ROW_TARGET __attribute__((always_inline)) inline

namespace relreason::cpu::RELREASON_ROW_SET {

// The first min(lanes, left) elements; 0 behind them.
RELREASON_ROW_INLINE vec load(const real* p, std::size_t left) {
  if (left < lanes) return load_part(p, left);
  vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
RELREASON_ROW_INLINE void store(real* p, const vec& v, std::size_t left) {
  if (left < lanes) store_part(p, v, left);
  else std::memcpy(p, &v, sizeof v);
}

RELREASON_ROW void add(std::size_t n, real* to, const real* from) {
  for (std::size_t i = 0; i < n; i += lanes) store(to + i, load(to + i, n - i) + load(from + i, n - i), n - i);
}
RELREASON_ROW void scale(std::size_t n, real* to, real by) {
  for (std::size_t i = 0; i < n; i += lanes) store(to + i, load(to + i, n - i) * by, n - i);
}
RELREASON_ROW void add_scaled(std::size_t n, real* to, real by, const real* from) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) store(to + i, load(to + i, n - i) + load(from + i, n - i) * by, n - i);
}
RELREASON_ROW void gate(std::size_t n, real* to, const real* by) {
  for (std::size_t i = 0; i < n; i += lanes) store(to + i, load(by + i, n - i) > 0 ? load(to + i, n - i) : vec{}, n - i);
}
RELREASON_ROW void select_bits(std::size_t n, real* to, const std::uint32_t* bits, const real* from, real by) {
  integers lane;
  for (std::size_t j = 0; j < lanes; ++j) lane[j] = 1 << j;
  for (std::size_t i = 0; i < n; i += lanes) {
    const integers word = lane & (integers{} + static_cast<std::int32_t>(bits[i / 32] >> (i % 32) & ((1u << lanes) - 1)));
    store(to + i, word != 0 ? load(from + i, n - i) * by : vec{}, n - i);
  }
}
RELREASON_ROW void add_relu(std::size_t n, real* to, const real* a, const real* b) {
  for (std::size_t i = 0; i < n; i += lanes) {
    const vec s = load(a + i, n - i) + load(b + i, n - i);
    store(to + i, s < 0 ? vec{} : s, n - i);
  }
}
RELREASON_ROW void sum_rows(int rows, std::size_t n, const real* x, real* to) {
  std::size_t j = 0;
  for (; j + 4 * lanes <= n; j += 4 * lanes) {
    vec s0 = load(to + j, lanes), s1 = load(to + j + lanes, lanes), s2 = load(to + j + 2 * lanes, lanes), s3 = load(to + j + 3 * lanes, lanes);
    const real* at = x + j;
    for (int i = 0; i < rows; ++i, at += n) {
      s0 += load(at, lanes);
      s1 += load(at + lanes, lanes);
      s2 += load(at + 2 * lanes, lanes);
      s3 += load(at + 3 * lanes, lanes);
    }
    store(to + j, s0, lanes);
    store(to + j + lanes, s1, lanes);
    store(to + j + 2 * lanes, s2, lanes);
    store(to + j + 3 * lanes, s3, lanes);
  }
  for (; j < n; j += lanes) {
    vec s = load(to + j, n - j);
    for (int i = 0; i < rows; ++i) s += load(x + static_cast<std::size_t>(i) * n + j, n - j);
    store(to + j, s, n - j);
  }
}
RELREASON_ROW void gather_pairs(int rows, std::size_t n, real* to, const real* a, const int* ia, const real* b, const int* ib, bool relu) {
  for (int i = 0; i < rows; ++i, to += n) {
    const real *from_a = a + static_cast<std::size_t>(ia[i]) * n, *from_b = b + static_cast<std::size_t>(ib[i]) * n;
    if (relu) {
      add_relu(n, to, from_a, from_b);
      continue;
    }
    for (std::size_t j = 0; j < n; j += lanes) store(to + j, load(from_a + j, n - j) + load(from_b + j, n - j), n - j);
  }
}
RELREASON_ROW void scatter(int rows, std::size_t n, const real* x, const int* index, real* to) {
  for (int i = 0; i < rows; ++i, x += n) add(n, to + static_cast<std::size_t>(index[i]) * n, x);
}

#if RELREASON_ROW_LIBM  // double: one element after another
RELREASON_ROW_INLINE vec exp_of(vec x) {
  for (std::size_t i = 0; i < lanes; ++i) x[i] = std::exp(x[i]);
  return x;
}
RELREASON_ROW_INLINE vec tanh_of(vec x) {
  for (std::size_t i = 0; i < lanes; ++i) x[i] = std::tanh(x[i]);
  return x;
}
RELREASON_ROW_INLINE vec normal_tail(vec u, const vec&) {
  for (std::size_t i = 0; i < lanes; ++i) u[i] = std::erfc(u[i] * 0.7071067811865475244) / 2;
  return u;
}
inline constexpr real gelu_end = 40, gelu_tanh_end = 21;
#else
// Range reduction and a polynomial of degree 6 (Cephes' coefficients); relative error below 2e-7.
RELREASON_ROW_INLINE vec exp_of(vec x) {
  RELREASON_UNFUSED_BODY
  x = x > 88.f ? vec{} + 88.f : x;
  x = x < -87.f ? vec{} - 87.f : x;
  const vec shifted = x * 1.44269504088896341f + 12582912.f, k = shifted - 12582912.f;  // rounds to the nearest integer
  const vec r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  const integers e = (__builtin_convertvector(k, integers) + 127) << 23;
  vec power;
  std::memcpy(&power, &e, sizeof power);
  return p * power;
}
RELREASON_ROW_INLINE vec tanh_of(const vec& x) {
  RELREASON_UNFUSED_BODY
  const vec z = x * x, large = 1.f - 2.f / (exp_of(x + x) + 1.f);
  vec p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  return z < 0.390625f ? p * z * x + x : large;
}
// 1 - Phi(u) for 0 <= u < 13, density = exp(-u^2 / 2): density t P(t), t = 1 / (1 + 0.35 u), P fitted by Lawson's iteration, relative error 3.2e-8
RELREASON_ROW_INLINE vec normal_tail(const vec& u, const vec& density) {
  RELREASON_UNFUSED_BODY
  const vec t = 1.f / (u * .35f + 1.f);
  vec p = t * -2.90949386e-2f + 1.43718821e-1f;
  p = p * t - 2.55180835e-1f;
  p = p * t + 1.58550805e-1f;
  p = p * t - 2.26698088e-2f;
  p = p * t + 1.05316515e-1f;
  p = p * t + 1.19882861e-1f;
  p = p * t + 1.39854736e-1f;
  p = p * t + 1.39621829e-1f;
  return p * t * density;
}
inline constexpr real gelu_end = 13, gelu_tanh_end = 10;  // beyond, what is left of -u is below 1e-35: 0
#endif
RELREASON_ROW void exp(std::size_t n, real* x) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) store(x + i, exp_of(load(x + i, n - i)), n - i);
}
RELREASON_ROW void tanh(std::size_t n, real* x) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) store(x + i, tanh_of(load(x + i, n - i)), n - i);
}
RELREASON_ROW_INLINE vec sigmoid_of(const vec& x) { return 1 / (1 + exp_of(-x)); }
RELREASON_ROW void sigmoid(std::size_t n, real* x) {
  for (std::size_t i = 0; i < n; i += lanes) store(x + i, sigmoid_of(load(x + i, n - i)), n - i);
}

// GELU is x g(x), g = Phi or its tanh form, 1 / (1 + exp(-2 s)). Of u = min(|x|, end): rest = 1 - g(u) and slope = u g'(u).
// gelu(x) = max(x, 0) - u rest    gelu'(x) = rest - slope for x <= 0, else 1 - (rest - slope)
template <bool ByTanh>
RELREASON_ROW_INLINE vec gelu_rest(const vec& x, vec& u, vec& slope) {
  RELREASON_UNFUSED_BODY
  constexpr real end = ByTanh ? gelu_tanh_end : gelu_end;
  u = x < 0 ? -x : x;
  u = u > end ? vec{} + end : u;
  const vec square = u * u;
  if constexpr (ByTanh) {
    const vec s = u * (square * real(0.07135481627260025) + real(1.5957691216057308));  // 2 sqrt(2 / pi) (0.044715 u^2 + 1)
    const vec e = u < end ? exp_of(-s) : vec{}, rest = e / (1 + e);
    slope = u * (square * real(0.21406444881780076) + real(1.5957691216057308)) * rest * (1 - rest);
    return rest;
  } else {
    const vec density = u < end ? exp_of(square * real(-0.5)) : vec{};
    slope = u * density * real(0.3989422804014327);  // 1 / sqrt(2 pi)
    return normal_tail(u, density);
  }
}
template <bool ByTanh>
RELREASON_ROW void gelu(std::size_t n, real* to, const real* x) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) {
    const vec v = load(x + i, n - i);
    vec u, slope;
    const vec rest = gelu_rest<ByTanh>(v, u, slope);
    store(to + i, (v < 0 ? vec{} : v) - u * rest, n - i);
  }
}
template <bool ByTanh>
RELREASON_ROW void gelu_back(std::size_t n, real* to, const real* x, const real* dy, bool add) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) {
    const std::size_t left = n - i;
    const vec v = load(x + i, left);
    vec u, slope;
    const vec below = gelu_rest<ByTanh>(v, u, slope) - slope, d = (v > 0 ? 1 - below : below) * load(dy + i, left);
    store(to + i, add ? load(to + i, left) + d : d, left);
  }
}

RELREASON_ROW void lstm_forward(int rows, std::size_t width, real* gates, real* c, real* tc, real* h) {
  RELREASON_UNFUSED_BODY
  for (int r = 0; r < rows; ++r, gates += 4 * width, c += width, tc += width, h += width)
    for (std::size_t k = 0; k < width; k += lanes) {
      const std::size_t left = width - k;
      real* const at = gates + k;
      const vec i = sigmoid_of(load(at, left)), f = sigmoid_of(load(at + width, left));
      const vec g = tanh_of(load(at + 2 * width, left)), o = sigmoid_of(load(at + 3 * width, left));
      const vec state = f * load(c + k, left) + i * g, t = tanh_of(state);
      store(at, i, left);
      store(at + width, f, left);
      store(at + 2 * width, g, left);
      store(at + 3 * width, o, left);
      store(c + k, state, left);
      store(tc + k, t, left);
      store(h + k, o * t, left);
    }
}
RELREASON_ROW void lstm_backward(int rows, std::size_t width, real* gates, const real* c_before, const real* tc, const real* dh, real* dc) {
  RELREASON_UNFUSED_BODY
  for (int r = 0; r < rows; ++r, gates += 4 * width, c_before += width, tc += width, dh += width, dc += width)
    for (std::size_t k = 0; k < width; k += lanes) {
      const std::size_t left = width - k;
      real* const at = gates + k;
      const vec i = load(at, left), f = load(at + width, left), g = load(at + 2 * width, left), o = load(at + 3 * width, left);
      const vec t = load(tc + k, left), up = load(dh + k, left);
      const vec d = load(dc + k, left) + up * o * (1 - t * t);
      store(at, d * g * i * (1 - i), left);
      store(at + width, d * load(c_before + k, left) * f * (1 - f), left);
      store(at + 2 * width, d * i * (1 - g * g), left);
      store(at + 3 * width, up * t * o * (1 - o), left);
      store(dc + k, d * f, left);
    }
}

// ---- batch norm: columns by vectors, rows inside
RELREASON_ROW_INLINE vec joined(const vec* strands) { return (strands[0] + strands[1]) + (strands[2] + strands[3]); }

RELREASON_ROW void moments(int rows, std::size_t n, const real* x, real* mean, real* gaps) {
  RELREASON_UNFUSED_BODY
  for (std::size_t j = 0; j < n; j += lanes) {
    const std::size_t left = n - j;
    vec s[4]{}, q[4]{};
    const real* at = x + j;
    int i = 0;
    for (; i + 4 <= rows; i += 4, at += 4 * n)
      for (std::size_t k = 0; k < 4; ++k) s[k] += load(at + k * n, left);
    for (std::size_t k = 0; i < rows; ++i, ++k, at += n) s[k] += load(at, left);
    const vec m = joined(s) / static_cast<real>(rows);
    at = x + j;
    for (i = 0; i + 4 <= rows; i += 4, at += 4 * n)
      for (std::size_t k = 0; k < 4; ++k) {
        const vec d = load(at + k * n, left) - m;
        q[k] += d * d;
      }
    for (std::size_t k = 0; i < rows; ++i, ++k, at += n) {
      const vec d = load(at, left) - m;
      q[k] += d * d;
    }
    store(mean + j, m, left);
    store(gaps + j, joined(q), left);
  }
}
RELREASON_ROW void normalize(int rows, std::size_t n, const real* x, const real* mean, const real* scale, const real* shift, bool relu, real* y) {
  RELREASON_UNFUSED_BODY
  for (std::size_t j = 0; j < n; j += lanes) {
    const std::size_t left = n - j;
    const vec m = load(mean + j, left), by = load(scale + j, left), more = load(shift + j, left);
    const real* from = x + j;
    real* to = y + j;
    for (int i = 0; i < rows; ++i, from += n, to += n) {
      const vec v = (load(from, left) - m) * by + more;
      store(to, relu ? (v < 0 ? vec{} : v) : v, left);
    }
  }
}
RELREASON_ROW_INLINE vec gated(const real* dy, const real* y, std::size_t left) {
  const vec d = load(dy, left);
  return y ? (load(y, left) > 0 ? d : vec{}) : d;
}
RELREASON_ROW void normalize_sums(int rows, std::size_t n, const real* dy, const real* y, const real* x, const real* mean, real* sums) {
  RELREASON_UNFUSED_BODY
  for (std::size_t j = 0; j < n; j += lanes) {
    const std::size_t left = n - j;
    const vec m = load(mean + j, left);
    vec s[4]{}, q[4]{};
    std::size_t at = j;
    int i = 0;
    for (; i + 4 <= rows; i += 4)
      for (std::size_t k = 0; k < 4; ++k, at += n) {
        const vec g = gated(dy + at, y ? y + at : nullptr, left);
        s[k] += g;
        q[k] += g * (load(x + at, left) - m);
      }
    for (std::size_t k = 0; i < rows; ++i, ++k, at += n) {
      const vec g = gated(dy + at, y ? y + at : nullptr, left);
      s[k] += g;
      q[k] += g * (load(x + at, left) - m);
    }
    store(sums + j, joined(s), left);
    store(sums + n + j, joined(q), left);
  }
}
RELREASON_ROW void normalize_back(int rows, std::size_t n, const real* dy, const real* y, const real* x, const real* mean, const real* of_g,
                                  const real* of_x, const real* shift, real* dx) {
  RELREASON_UNFUSED_BODY
  for (std::size_t j = 0; j < n; j += lanes) {
    const std::size_t left = n - j;
    const vec m = load(mean + j, left), a = load(of_g + j, left), b = load(of_x + j, left), c = load(shift + j, left);
    std::size_t at = j;
    for (int i = 0; i < rows; ++i, at += n)
      store(dx + at, load(dx + at, left) + (gated(dy + at, y ? y + at : nullptr, left) * a + (load(x + at, left) - m) * b + c), left);
  }
}

RELREASON_ROW void adam(std::size_t n, real* w, const real* g, real* m, real* v, const adam_factors<real>& k) {
  RELREASON_UNFUSED_BODY
  for (std::size_t i = 0; i < n; i += lanes) {
    const std::size_t left = n - i;
    const vec kept = load(w + i, left) * k.keep_parameter, d = load(g + i, left) * k.scale + kept * k.decay_gradient;
    const vec old = load(m + i, left), first = old + (d - old) * k.new1, second = load(v + i, left) * k.keep2 + d * k.new2 * d;
    store(m + i, first, left);
    store(v + i, second, left);
    store(w + i, kept - first * k.rate / (root(second) / k.root + k.epsilon), left);
  }
}

inline constexpr row_kernels<real> table{
    RELREASON_ROW_NAME, add,          scale,         add_scaled, gate,      select_bits,    add_relu,       sum_rows,
    gather_pairs,       scatter,      exp,           tanh,       sigmoid,   gelu<false>,    gelu<true>,     gelu_back<false>,
    gelu_back<true>,    lstm_forward, lstm_backward, moments,    normalize, normalize_sums, normalize_back, adam};

}  // namespace relreason::cpu::RELREASON_ROW_SET

#undef RELREASON_ROW
#undef RELREASON_ROW_INLINE
#undef RELREASON_ROW_SET
#undef RELREASON_ROW_NAME
#undef RELREASON_ROW_TARGET
#undef RELREASON_ROW_LIBM
#endif
