// examples/rn_clevr_cuda_pixels.cu -- the CUDA part of the networks from pixels; of their neighbors in rn_clevr_cuda_baselines.cu.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/models/relation_network_pixels.hpp"

namespace relreason {

template struct cuda_training<models::from_pixels::rn, adam, "a">;
template struct cuda_training<models::from_pixels::two_stage_rn, adam, "a">;
template struct cuda_training<models::from_pixels::avf_rn, adam, "a">;

}  // namespace relreason
