// relreason/core/block.hpp -- a list of equations as one operation, and the same operation several times over.
// let<"t", repeat<5, block<of<"x">, let<"h", mlp<...>, of<"x">>, let<"y", add, of<"x", "h">>>>, of<"e">>
#pragma once

#include <array>
#include <string>
#include <utility>

#include "relreason/core/model.hpp"

namespace relreason {

namespace detail {

// One operation's part of its owner's arrays, which stand in a row.
template <class T>
slots<T> part_of(const slots<T>& s, int parameter, int state, int prepared, int shared_values) {
  return {s.parameter + parameter,  s.dparameter ? s.dparameter + parameter : nullptr, s.state + state, s.prepared + prepared,
          s.shared + shared_values, s.dshared ? s.dshared + shared_values : nullptr};
}
inline void append_with_prefix(declaration& to, const declaration& from, const std::string& prefix) {
  for (auto p : from.parameters) p.path = prefix + (p.path.empty() ? "" : "." + p.path), to.parameters.push_back(p);
  for (auto s : from.states) s.path = prefix + "." + s.path, to.states.push_back(s);
}

template <class List>
struct block_lines;
template <class... Lines>
struct block_lines<list<Lines...>> {
  static constexpr int n = sizeof...(Lines);
  using by_number = number_all<std::make_integer_sequence<int, n>, Lines...>;
  template <int I>
  using at = typename decltype(by_number::find(std::integral_constant<int, I>{}))::type;
  template <class T>
  using tapes = flat_tuple<typename Lines::bound::template tape<T>...>;
  static constexpr auto info = describe_lines<typename spaces_of<list<>, Lines...>::type, Lines...>();
  // Arrays of the lines before line I.
  static constexpr std::array<int, 4> before(int i) {
    std::array<int, 4> sum{};
    int k = 0;
    ((k++ < i ? void((sum[0] += Lines::bound::n_parameters, sum[1] += Lines::bound::n_states, sum[2] += Lines::bound::n_prepared,
                      sum[3] += Lines::bound::n_shared))
              : void()),
     ...);
    return sum;
  }
  template <class F>
  static void each(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<static_cast<int>(I)>(), ...); }
    (std::make_index_sequence<sizeof...(Lines)>{});
  }
  template <class F>
  static void each_reversed(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<n - 1 - static_cast<int>(I)>(), ...); }
    (std::make_index_sequence<sizeof...(Lines)>{});
  }
};

}  // namespace detail

// Named inputs, equations, and the last one's value as the result.
template <class Inputs, class... Lines>
struct block {
  static_assert(!std::is_same_v<Inputs, Inputs>, "relreason::block: the first argument must be of<...>, the names of its inputs");
};
template <name... Ins, class... Stated>
struct block<of<Ins...>, Stated...> {
  static_assert(sizeof...(Stated) > 0, "relreason::block: a block needs at least one equation");
  template <class... Values>
  struct bind : operation {
    static_assert(sizeof...(Values) == sizeof...(Ins), "relreason::block: it must read as many values as it names inputs");
    using resolved = typename detail::resolve<list<Stated...>, list<line<Ins, line_kind::input, Values, operation, of<>>...>, Stated...>::type;
    using lines = detail::block_lines<resolved>;
    static constexpr int n = lines::n, n_inputs = sizeof...(Ins);
    template <int I>
    using bound_at = typename lines::template at<I>::bound;
    using out = typename lines::template at<n - 1>::value;
    static constexpr auto totals = lines::before(n);
    static constexpr int n_parameters = totals[0], n_states = totals[1], n_prepared = totals[2], n_shared = totals[3];
    static constexpr bool learns = n_parameters > 0, on_device = []<std::size_t... I>(std::index_sequence<I...>) {
      return ((static_cast<int>(I) < n_inputs || bound_at<static_cast<int>(I)>::on_device) && ...);
    }
    (std::make_index_sequence<static_cast<std::size_t>(n)>{});
    using spaces =
        typename detail::spaces_of<list<>, typename std::conditional_t<true, line<name{}, line_kind::input, out, operation, of<>>, Values>...>::type;
    static constexpr bool all_simple = [] {
      for (const auto& f : lines::info)
        if (f.couples != coupling::none || f.fills >= 0 || f.kind == line_kind::minimize || f.kind == line_kind::output) return false;
      return true;
    }();
    static_assert(all_simple,
                  "relreason::block: losses, outputs, and operations that couple graphs or fill a space belong in the model, not in a block");

    static void declare(declaration& d) {
      lines::each([&]<int I>() {
        declaration own;
        bound_at<I>::declare(own);
        detail::append_with_prefix(d, own, std::string(lines::info[at(I)].id.view()));
      });
    }
    template <class S>
    static constexpr bool pads() {
      return []<std::size_t... I>(std::index_sequence<I...>) { return (bound_at<static_cast<int>(I)>::template pads<S>() || ...); }
      (std::make_index_sequence<static_cast<std::size_t>(n)>{});
    }
    static std::string text() { return "block of " + std::to_string(n - n_inputs) + " equations"; }
    template <class C>
    static double flops(const C& ctx) {
      double sum = 0;
      lines::each([&]<int I>() { sum += bound_at<I>::flops(ctx); });
      return sum;
    }
    template <class C>
    static void reserve(C& ctx, reservation& r) {
      lines::each([&]<int I>() { bound_at<I>::reserve(ctx, r); });
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      lines::each([&]<int I>() { bound_at<I>::prepare(ctx, part<I>(s)); });
    }
    template <class C>
    static void finish(C& ctx, const slots<typename C::real>& s) {
      lines::each_reversed([&]<int I>() { bound_at<I>::finish(ctx, part<I>(s)); });
    }

    template <class T>
    struct tape {
      typename lines::template tapes<T> tapes;
      void* v[static_cast<std::size_t>(n)]{};
      T* g[static_cast<std::size_t>(n)]{};
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      lines::each([&]<int I>() {
        if constexpr (I >= n_inputs) {
          using value = typename lines::template at<I>::value;
          const std::size_t count = extent_product(ctx.template at<typename value::space>().rows, value::width);
          if constexpr (I + 1 < n) {
            t.v[I] =
                value::integral ? static_cast<void*>(ctx.memory->template take<int>(count)) : static_cast<void*>(ctx.memory->template take<T>(count));
            t.g[I] = ctx.gradients && !value::integral ? ctx.memory->template take<T>(count) : nullptr;
          }
          bound_at<I>::plan(ctx, t.tapes.template at<I>());
        }
      });
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      for (int i = 0; i < n_inputs; ++i) t.v[i] = const_cast<void*>(in.x[i]);
      lines::each([&]<int I>() {
        if constexpr (I >= n_inputs) bound_at<I>::lay_out(ctx, t.tapes.template at<I>(), reads<I>(t));
      });
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      for (int i = 0; i < n_inputs; ++i) t.v[i] = const_cast<void*>(in.x[i]);
      t.v[n - 1] = y;
      const auto outer = ctx.line;
      lines::each([&]<int I>() {
        using value = typename lines::template at<I>::value;
        if constexpr (I >= n_inputs) {
          ctx.line = inner_stream(outer, I);
          bound_at<I>::forward(ctx, part<I>(s), t.tapes.template at<I>(), reads<I>(t),
                               static_cast<std::conditional_t<value::integral, int, typename C::real>*>(t.v[I]));
        }
      });
      ctx.line = outer;
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      using T = typename C::real;
      for (int i = 0; i < n_inputs; ++i) t.g[i] = in.dx[i];
      t.g[n - 1] = const_cast<T*>(dy);
      lines::each([&]<int I>() {
        using value = typename lines::template at<I>::value;
        if constexpr (I >= n_inputs && I + 1 < n && !value::integral)
          ctx.fill(extent_product(ctx.template at<typename value::space>().rows, value::width), t.g[I], T(0));
      });
      const auto outer = ctx.line;
      lines::each_reversed([&]<int I>() {
        if constexpr (I >= n_inputs && lines::info[at(I)].kind == line_kind::let) {
          ctx.line = inner_stream(outer, I);
          bound_at<I>::backward(ctx, part<I>(s), t.tapes.template at<I>(), reads<I>(t), static_cast<const T*>(t.v[I]), static_cast<const T*>(t.g[I]));
        }
      });
      ctx.line = outer;
    }

   private:
    static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
    static std::uint64_t inner_stream(std::uint64_t outer, int i) { return outer * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(i) + 1; }
    template <int I, class T>
    static slots<T> part(const slots<T>& s) {
      constexpr auto k = lines::before(I);
      return detail::part_of(s, k[0], k[1], k[2], k[3]);
    }
    template <int I, class T>
    static arguments<T> reads(const tape<T>& t) {
      arguments<T> in;
      for (int r = 0; r < lines::info[at(I)].n_reads; ++r) {
        in.x[r] = t.v[lines::info[at(I)].reads[r]];
        in.dx[r] = t.g[lines::info[at(I)].reads[r]];
      }
      return in;
    }
  };
};

// The operation Times over: x <- op(x, others...), each with parameters of its own (paths 0., 1., ...).
template <int Times, class Operation>
struct repeat {
  static_assert(Times > 0, "relreason::repeat: the number of times must be positive");
  template <class X, class... Others>
  struct bind : operation {
    using one = typename Operation::template bind<X, Others...>;
    using out = typename one::out;
    static_assert(same_space<typename out::space, typename X::space>,
                  "relreason::repeat: the operation must return a value on the space of its first input");
    static_assert(out::width == X::width, "relreason::repeat: the operation must return the width of its first input");
    static constexpr int n_parameters = Times * one::n_parameters, n_states = Times * one::n_states, n_prepared = Times * one::n_prepared,
                         n_shared = Times * one::n_shared;
    static constexpr bool learns = n_parameters > 0, on_device = one::on_device;
    using spaces = typename one::spaces;

    static void declare(declaration& d) {
      declaration own;
      one::declare(own);
      for (int k = 0; k < Times; ++k) detail::append_with_prefix(d, own, std::to_string(k));
    }
    template <class S>
    static constexpr bool pads() {
      return one::template pads<S>();
    }
    static std::string text() { return std::to_string(Times) + " times " + one::text(); }
    template <class C>
    static double flops(const C& ctx) {
      return Times * one::flops(ctx);
    }
    template <class C>
    static void reserve(C& ctx, reservation& r) {
      for (int k = 0; k < Times; ++k) one::reserve(ctx, r);
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      for (int k = 0; k < Times; ++k) one::prepare(ctx, part(s, k));
    }
    template <class C>
    static void finish(C& ctx, const slots<typename C::real>& s) {
      for (int k = Times - 1; k >= 0; --k) one::finish(ctx, part(s, k));
    }
    template <class T>
    struct tape {
      std::array<typename one::template tape<T>, static_cast<std::size_t>(Times)> each;
      std::array<T*, static_cast<std::size_t>(Times)> v{}, g{};
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      const std::size_t count = extent_product(ctx.template at<typename out::space>().rows, out::width);
      for (std::size_t k = 0; k < Times; ++k) {
        if (k + 1 < Times) t.v[k] = ctx.memory->template take<T>(count);
        if (k + 1 < Times && ctx.gradients) t.g[k] = ctx.memory->template take<T>(count);
        one::plan(ctx, t.each[k]);
      }
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      for (int k = 0; k < Times; ++k) one::lay_out(ctx, t.each[static_cast<std::size_t>(k)], reads(t, in, k));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      t.v[Times - 1] = y;
      const auto outer = ctx.line;
      for (int k = 0; k < Times; ++k) {
        ctx.line = outer + static_cast<std::uint64_t>(k) * 0xd1b54a32d192ed03u;
        one::forward(ctx, part(s, k), t.each[static_cast<std::size_t>(k)], reads(t, in, k), t.v[static_cast<std::size_t>(k)]);
      }
      ctx.line = outer;
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      using T = typename C::real;
      t.g[Times - 1] = const_cast<T*>(dy);
      for (std::size_t k = 0; k + 1 < Times; ++k) ctx.fill(extent_product(ctx.template at<typename out::space>().rows, out::width), t.g[k], T(0));
      const auto outer = ctx.line;
      for (int k = Times - 1; k >= 0; --k) {
        ctx.line = outer + static_cast<std::uint64_t>(k) * 0xd1b54a32d192ed03u;
        one::backward(ctx, part(s, k), t.each[static_cast<std::size_t>(k)], reads(t, in, k), static_cast<const T*>(t.v[static_cast<std::size_t>(k)]),
                      static_cast<const T*>(t.g[static_cast<std::size_t>(k)]));
      }
      ctx.line = outer;
    }

   private:
    template <class T>
    static slots<T> part(const slots<T>& s, int k) {
      return detail::part_of(s, k * one::n_parameters, k * one::n_states, k * one::n_prepared, k * one::n_shared);
    }
    template <class T>
    static arguments<T> reads(const tape<T>& t, arguments<T> in, int k) {
      if (k > 0) {
        in.x[0] = t.v[static_cast<std::size_t>(k - 1)];
        in.dx[0] = t.g[static_cast<std::size_t>(k - 1)];
      }
      return in;
    }
  };
};

}  // namespace relreason
