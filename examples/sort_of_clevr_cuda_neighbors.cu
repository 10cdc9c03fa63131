// examples/sort_of_clevr_cuda_neighbors.cu -- the CUDA part of what sort_of_clevr trains beside the Relation Network of full width.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/models/sort_of_clevr.hpp"

namespace relreason {

template struct cuda_training<models::sort_of_clevr::small_rn, adam, "a">;
template struct cuda_training<models::sort_of_clevr::cnn_mlp, adam, "a">;

}  // namespace relreason
