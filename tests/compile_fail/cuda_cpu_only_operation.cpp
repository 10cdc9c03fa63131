// tests/compile_fail/cuda_cpu_only_operation.cpp -- an operation that loops over host memory, in a model that is to train on a device.
// expect: relreason::device: the model has an operation or a loss that runs on the CPU only
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;

struct scene : sample {};
struct doubled {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      for (int i = 0; i < ctx.template at<typename X::space>().rows * X::width; ++i) y[i] = 2 * in.real(0)[i];
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      for (int i = 0; in.dx[0] && i < ctx.template at<typename X::space>().rows * X::width; ++i) in.dx[0][i] += 2 * dy[i];
    }
  };
};
using net = model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"h", linear<3>, of<"x">>, let<"a", doubled, of<"h">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
device::trainer_on<device::serial_system, net>* made(executor& threads) {
  return new device::trainer_on<device::serial_system, net>({}, threads, {});
}
