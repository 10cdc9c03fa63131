// relreason/nn/unit_range.hpp -- pixels as numbers: y = x / 255, maps of [0, 1].    The networks of the papers want no other normalization.
#pragma once

#include "relreason/backend/host_device.hpp"
#include "relreason/core/operation.hpp"

namespace relreason {

namespace detail {
template <class T>
struct bytes_to_unit {
  const std::uint8_t* x;
  T* y;
  RELREASON_HD void operator()(std::size_t i) const { y[i] = static_cast<T>(x[i]) / T(255); }
};
}  // namespace detail

struct unit_range {
  template <class X>
  struct bind : operation {
    static_assert(X::bytes, "relreason::unit_range: it reads pixels<channels, height, width>");
    template <class What>
    struct maps_of {
      using type = features<1>;
    };
    template <class What>
      requires requires { typename What::as_maps; }
    struct maps_of<What> {
      using type = typename What::as_maps;
    };
    using out = value<typename X::space, typename maps_of<typename X::what>::type>;
    static constexpr bool on_device = true;
    static std::string text() { return "bytes to [0, 1]"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      ctx.each(extent_product(ctx.template at<typename X::space>().rows, X::width), detail::bytes_to_unit<typename C::real>{in.bytes(0), y});
    }
    template <class C, class Tape>
    static void backward(C&, const slots<typename C::real>&, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real*) {}
  };
};

}  // namespace relreason
