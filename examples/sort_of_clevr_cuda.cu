// examples/sort_of_clevr_cuda.cu -- the CUDA part of sort_of_clevr's Relation Network; of its neighbors in sort_of_clevr_cuda_neighbors.cu.
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/models/sort_of_clevr.hpp"

template struct relreason::cuda_training<relreason::models::sort_of_clevr::rn, relreason::adam, "a">;
