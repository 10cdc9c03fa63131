// examples/rn_clevr_cuda_baselines.cu -- the CUDA part of what stands beside the networks from pixels: in small, without pairs, the CNN alone.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/models/picture_baselines.hpp"

namespace relreason {

template struct cuda_training<models::from_pixels::small_rn, adam, "a">;
template struct cuda_training<models::from_pixels::cnn_lstm, adam, "a">;
template struct cuda_training<models::from_pixels::cnn_multilabel, adam, "a">;

}  // namespace relreason
