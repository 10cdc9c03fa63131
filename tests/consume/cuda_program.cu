// tests/consume/cuda_program.cu -- a stranger's CUDA program: links relreason::cuda, and runs with and without a GPU.
#include <cstdio>

#include "relreason/backend/cuda/device.cuh"
#include "relreason/backend/cuda/products.cuh"

int main() {
  const int devices = relreason::device::devices_present();
  if (devices == 0) std::printf("no CUDA device\n");
  else std::printf("%s\n", text_of(relreason::device::open_device(0)).c_str());
  return relreason::device::plain_products<relreason::device::cuda_system>{}.scratch_bytes(1, 1, 1) >= sizeof(float) ? 0 : 1;
}
