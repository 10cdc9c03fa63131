// relreason/backend/cuda/device.cuh -- finds, describes and opens a CUDA device.
#pragma once

#include <cstddef>
#include <string>

#include "relreason/backend/cuda/error.cuh"

namespace relreason::device {

inline constexpr int oldest_major = 8;  // bf16 products need compute capability 8.0

struct device_info {
  int number = 0;
  std::string name;
  int major = 0, minor = 0;  // compute capability
  std::size_t memory = 0;    // bytes, all of it
  int multiprocessors = 0;
  std::size_t l2 = 0;           // bytes
  int driver = 0, runtime = 0;  // CUDA versions as CUDA counts them: 13000
};

// 0 where there is no device, no driver, or one too old; open_device() says which.
inline int devices_present() noexcept {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();
  return 0;
}

inline int device_attribute(int number, cudaDeviceAttr which) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, number), "reading a device's properties");
  return value;
}

// Makes device `number` the calling thread's and returns what it is.
inline device_info open_device(int number) {
  const std::string what = "opening device cuda:" + std::to_string(number);
  int count = 0;
  check(cudaGetDeviceCount(&count), what.c_str());
  if (number < 0 || number >= count) {
    fail(what, ": found ", count, count == 1 ? " device (cuda:0)" : " devices, numbered from 0", "; choose one of these, see nvidia-smi -L");
  }
  device_info d;
  d.number = number;
  d.major = device_attribute(number, cudaDevAttrComputeCapabilityMajor);
  d.minor = device_attribute(number, cudaDevAttrComputeCapabilityMinor);
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, number), what.c_str());
  d.name = properties.name;
  if (d.major < oldest_major) {
    fail(what, ": found ", d.name, " of compute capability ", d.major, '.', d.minor, ", wanted ", oldest_major,
         ".0 or newer; choose another device or cpu");
  }
  check(cudaInitDevice(number, 0, 0), what.c_str());
  check(cudaSetDevice(number), what.c_str());
  d.memory = properties.totalGlobalMem;
  d.multiprocessors = properties.multiProcessorCount;
  d.l2 = static_cast<std::size_t>(properties.l2CacheSize);
  check(cudaDriverGetVersion(&d.driver), what.c_str());
  check(cudaRuntimeGetVersion(&d.runtime), what.c_str());
  return d;
}

inline std::string text_of(const device_info& d) {
  return "cuda:" + std::to_string(d.number) + ' ' + d.name + ", compute capability " + std::to_string(d.major) + '.' + std::to_string(d.minor) +
         ", " + std::to_string(d.memory >> 30) + " GiB, driver for CUDA " + version_text(d.driver) + ", run time " + version_text(d.runtime);
}

}  // namespace relreason::device
