// tests/cuda/errors.test.cu -- what CUDA returns becomes an error that names what was done, what was found and what to do. Most cases need no GPU.
#include <cstdio>
#include <string>

#include "catch.hpp"
#include "needs_device.hpp"
#include "relreason/backend/cuda/device.cuh"
#include "relreason/backend/cuda/memory.cuh"
#include "relreason/backend/cuda/stream.cuh"
#include "support/message_of.hpp"

using namespace relreason::device;

TEST_CASE("CUDA errors: success is silent, a failure names the deed and CUDA's own name and sentence") {
  CHECK(message_of([] { check(cudaSuccess, "copying"); }).empty());
  const std::string message = message_of([] { check(cudaErrorInvalidValue, "copying a batch"); });
  CHECK(contains(message, "copying a batch: cudaErrorInvalidValue (invalid argument)"));
  CHECK(message_of([] { check(CUBLAS_STATUS_SUCCESS, "a product"); }).empty());
  CHECK(contains(message_of([] { check(CUBLAS_STATUS_NOT_SUPPORTED, "a product"); }), "a product: CUBLAS_STATUS_NOT_SUPPORTED"));
}

TEST_CASE("CUDA errors: no driver, too old a driver, no device and no code each name the next step") {
  CHECK(explanation(cudaErrorInsufficientDriver, 0, 13000) == "; found no NVIDIA driver, wanted one for CUDA 13.0; install it, or choose device cpu");
  const std::string old = explanation(cudaErrorInsufficientDriver, 12020, 13000);
  CHECK(contains(old, "found a driver for CUDA 12.2, wanted 13.0 or newer"));
  CHECK(contains(explanation(cudaErrorNoDevice, 13000, 13000), "found no CUDA device"));
  CHECK(contains(explanation(cudaErrorNoKernelImageForDevice, 13000, 13000), "RELREASON_CUDA_ARCHITECTURES"));
  CHECK(explanation(cudaErrorInvalidValue, 13000, 13000).empty());
}

TEST_CASE("CUDA errors: after one that sticks the device is called unusable") {
  for (const cudaError_t sticky :
       {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorAssert, cudaErrorMisalignedAddress, cudaErrorECCUncorrectable}) {
    CHECK(is_sticky(sticky));
    CHECK(contains(explanation(sticky, 13000, 13000), "the device is unusable after this"));
  }
  CHECK_FALSE(is_sticky(cudaErrorMemoryAllocation));
  CHECK_FALSE(is_sticky(cudaErrorInvalidValue));
}

TEST_CASE("CUDA errors: opening a device that is not there is an error that says what there is") {
  const std::string message = message_of([] { open_device(1000); });
  CHECK(contains(message, "opening device cuda:1000"));
  if (devices_present()) CHECK(contains(message, "found " + std::to_string(devices_present())));
  else
    CHECK((contains(message, "found no NVIDIA driver") || contains(message, "found a driver for CUDA") || contains(message, "found no CUDA device")));
  CHECK(message_of([] { open_device(-1); }) != "");
}

TEST_CASE("CUDA errors: without a device, everything that needs one fails by an error") {
  if (devices_present()) return;
  CHECK(message_of([] { stream(); }) != "");
  CHECK(message_of([] { event(); }) != "");
  CHECK(message_of([] { device_memory(256); }) != "");
  CHECK(message_of([] { pinned_memory(256); }) != "");
}

TEST_CASE("device memory: what does not fit says what was asked for, what is free, and the hint") {
  CHECK(no_memory_text(std::size_t{9} << 30, std::size_t{5} << 20, std::size_t{8} << 30, "the step", "a batch of 64 fits; use --batch 64") ==
        "device memory for the step: asked for 9216 MiB, free are 5 MiB of 8192 MiB; a batch of 64 fits; use --batch 64");
  CHECK(bytes_text(1048575) == "1048575 bytes");
  CHECK(device_memory(0).data() == nullptr);
  CHECK(pinned_memory(0).data() == nullptr);
}

TEST_CASE("device memory: more than the device has is refused, and the device stays usable") {
  if (no_device()) return;
  const device_info d = open_device(0);
  std::printf("device: %s\n", text_of(d).c_str());  // scripts/gpu_check.sh writes it down
  CHECK(d.memory > 0);
  CHECK(d.major >= oldest_major);
  CHECK(contains(text_of(d), d.name));
  const std::string message = message_of([&] { device_memory(2 * d.memory, "the step", "use --batch 64"); });
  CHECK(contains(message, "device memory for the step: asked for " + bytes_text(2 * d.memory)));
  CHECK(contains(message, "use --batch 64"));
  CHECK(device_memory(1024).data() != nullptr);
}

TEST_CASE("memory: copies go to the device and back in the stream's order", "[small]") {
  if (no_device()) return;
  const stream s;
  device_memory there(4 * sizeof(int));
  pinned_memory from(4 * sizeof(int)), back(4 * sizeof(int));
  for (int i = 0; i < 4; ++i) from.as<int>()[i] = 10 + i, back.as<int>()[i] = -1;
  copy(s.get(), there.as<int>(), from.as<int>(), 4);
  zero(s.get(), there.as<int>() + 1, 2);
  copy(s.get(), back.as<int>(), there.as<int>(), 4);
  event done;
  done.record(s);
  done.synchronize();
  CHECK(done.reached());
  CHECK(back.as<int>()[0] == 10);
  CHECK(back.as<int>()[1] == 0);
  CHECK(back.as<int>()[2] == 0);
  CHECK(back.as<int>()[3] == 13);
  device_memory moved = std::move(there);
  CHECK(there.data() == nullptr);
  CHECK(moved.bytes() == 4 * sizeof(int));
}
