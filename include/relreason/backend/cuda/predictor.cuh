// relreason/backend/cuda/predictor.cuh -- values of a model for a batch, computed on a device; for one caller at a time.
// cuda_predictor<rn, "a"> p(weights, limits);  p.run(batch, {logits});    In a .cu file; link relreason::cuda.
#pragma once

#include <array>

#include "relreason/backend/cuda/program.cuh"
#include "relreason/backend/cuda/session.cuh"

namespace relreason::device {

// The weights are copied when it is made. Side results as of predictor<M, T, ...>: "r.pairs".
template <class System, class M, name... Wanted>
class predictor_on {
 public:
  predictor_on(const parameters<M>& weights, const limits<M>& at, int device = 0, precision p = precision::full)
      : session_(device, p), program_(at, session_.system(), session_.products()), name_(session_.name() + program_.pair_text()) {
    program_.send(weights);
  }

  // outputs[k]: the rows of the k-th wanted value for the whole batch, row-major, on the host; or null.
  void run(const batch<M>& b, const std::array<float*, sizeof...(Wanted)>& outputs) {
    if (b.samples == 0) return;
    program_.check_padded(b);
    session_.use();
    program_.run(b, {}, outputs, [&](const auto& shape, auto&& work) { session_.run(graphs_, shape, work, program_.scratch()); });
  }
  const char* instructions() const { return name_.c_str(); }
  std::string memory_text() const { return program_.pair_memory_text(); }

 private:
  session<System> session_;
  batch_program<M, System, typename session<System>::products_type, false, Wanted...> program_;
  typename session<System>::graphs graphs_;
  std::string name_;
};

}  // namespace relreason::device

#if defined(__CUDACC__)
namespace relreason {

template <class M, name... Wanted>
using cuda_predictor = device::predictor_on<device::cuda_system, M, Wanted...>;

}  // namespace relreason
#endif
