// tests/compile_fail/predicts_filled.cpp
// expect: relreason::predictor: an operation fills the space of this value, so its rows are not known outside
#include "relreason/core/model.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
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
using net = model<input<"x", features<3>, object>, let<"k", proposals<kept>, of<"x">>>;
void predict(const predictor<net, float, "k">& p, predictor<net, float, "k">::workspace& own, const batch<net>& b, float* to) { p.run(own, b, {to}); }
