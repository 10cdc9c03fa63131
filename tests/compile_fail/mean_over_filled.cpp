// tests/compile_fail/mean_over_filled.cpp
// expect: relreason::minimize: the entries of a space that an operation fills are not known to the batch; say per_sample or per_step
#include "relreason/core/gradient.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

template <class Kept>  // fills Kept; only its types matter here
struct proposals {
  template <class X>
  struct bind : operation {
    using fills = Kept;
    using out = rows<Kept, X::width>;
    template <class C, class Tape>
    static void forward(C&, const slots<typename C::real>&, Tape&, const arguments<typename C::real>&, typename C::real*) {}
    template <class C, class Tape>
    static void backward(C&, const slots<typename C::real>&, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real*) {}
  };
};
struct coupled {
  template <class X>
  struct bind : proposals<typename X::space>::template bind<X> {
    using fills = void;
    static constexpr coupling couples = coupling::always;
  };
};
struct kept : at_most<2, scene> {};
struct size {
  template <class X>
  struct bind : operation {
    template <class C>
    static double entries(C&, const arguments<typename C::real>&) {
      return 1;
    }
    template <class C, class Tape>
    static void forward(C&, Tape&, const arguments<typename C::real>&) {}
    template <class C, class Tape>
    static void backward(C&, Tape&, const arguments<typename C::real>&, typename C::real) {}
  };
};
using net = model<input<"x", features<3>, object>, let<"h", linear<3>, of<"x">>, let<"k", proposals<kept>, of<"h">>, minimize<size, of<"k">>>;
void step(gradient_program<net>& g, const batch<net>& b, parameters<net>& p) { g.run(b, p, {}); }
