// examples/rn_clevr_cuda.cu -- the CUDA part of the models that rn_clevr trains.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/data/clevr_state.hpp"
#include "relreason/models/relation_network.hpp"

namespace relreason {

template struct cuda_training<models::rn_state_of<127, clevr::rgb_one_hot::width, 512, 256, 5>, adam, "a">;
template struct cuda_training<models::rn_state<>, adam, "a">;
template struct cuda_training<models::two_stage_rn_state<>, adam, "a">;
template struct cuda_training<models::rn_state<256, 256>, adam, "a">;
template struct cuda_training<models::rn_state<128, 128>, adam, "a">;
template struct cuda_training<models::mlp_state<128, 128>, adam, "a">;

}  // namespace relreason
