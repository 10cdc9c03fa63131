// examples/sort_of_clevr_cuda.cu -- the CUDA part of the models that sort_of_clevr trains.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/models/sort_of_clevr.hpp"

namespace relreason {

template struct cuda_training<models::sort_of_clevr::rn, adam, "a">;
template struct cuda_training<models::sort_of_clevr::small_rn, adam, "a">;
template struct cuda_training<models::sort_of_clevr::cnn_mlp, adam, "a">;

}  // namespace relreason
