// tests/compile_fail/filled_beyond_cut.cpp
// expect: relreason::model: a value on a space that an operation fills cannot cross a cut; reduce it to its parent first
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
using net = model<input<"x", features<3>, object>, let<"k", proposals<kept>, of<"x">>, let<"c", coupled, of<"k">>, let<"r", pool<kept>, of<"c">>>;
void predict(const predictor<net, float, "r">& p, predictor<net, float, "r">::workspace& own, const batch<net>& b, float* to) { p.run(own, b, {to}); }
