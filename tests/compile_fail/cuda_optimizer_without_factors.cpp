// tests/compile_fail/cuda_optimizer_without_factors.cpp -- an optimizer whose update is a loop over host memory.
// expect: relreason::device: this optimizer runs on the CPU only; a device needs its factors<T>(rate, step, scale)
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;

struct scene : sample {};
struct sign_descent {
  static constexpr std::string_view name = "sign descent";
  static constexpr int moments = 0;
  static constexpr std::array<std::string_view, 0> moment_names{};
  template <class T>
  void update(T* w, const T* g, T* const*, std::size_t n, double rate, long long, double = 1) const {
    for (std::size_t i = 0; i < n; ++i) w[i] -= static_cast<T>(g[i] > 0 ? rate : -rate);
  }
  void check() const {}
  std::string text() const { return "sign descent"; }
};
using net =
    model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"a", linear<3>, of<"x">>, minimize<cross_entropy<>, of<"a", "label">>>;
device::trainer_on<device::serial_system, net, sign_descent>* made(executor& threads) {
  return new device::trainer_on<device::serial_system, net, sign_descent>({}, threads, {});
}
