// tests/cuda/needs_device.hpp -- the first line of every test that runs on a GPU.
#pragma once

#include <cstdio>

#include "relreason/backend/cuda/device.cuh"

// if (no_device()) return;
inline bool no_device() {
  static const int count = relreason::device::devices_present();
  if (count == 0) std::printf("skipped: no CUDA device, so nothing ran on a GPU\n");
  else (void)cudaSetDevice(0);
  return count == 0;
}
