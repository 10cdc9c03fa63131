// relreason/backend/cuda/error.cuh -- turns what CUDA and cuBLASLt return into relreason's errors: none aborts, none is passed over.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <string>

#include "relreason/core/error.hpp"

namespace relreason::device {

// "13.0" of 13000
inline std::string version_text(int version) { return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10); }

// After these the process can use no device any more (CUDA calls them sticky).
inline bool is_sticky(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorExternalDevice: return true;
    default: return false;
  }
}

// What is known about an error beyond CUDA's own sentence, and the next step. driver is 0 where there is none; versions as CUDA counts them.
inline std::string explanation(cudaError_t status, int driver, int runtime) {
  if (is_sticky(status)) return "; the device is unusable after this: end the process, and find the cause by running it under compute-sanitizer";
  switch (status) {
    case cudaErrorInsufficientDriver:
      if (driver == 0) return "; found no NVIDIA driver, wanted one for CUDA " + version_text(runtime) + "; install it, or choose device cpu";
      return "; found a driver for CUDA " + version_text(driver) + ", wanted " + version_text(runtime) +
             " or newer; install a newer driver, or build with an older toolkit (12.4 is the oldest)";
    case cudaErrorNoDevice: return "; found no CUDA device (is CUDA_VISIBLE_DEVICES empty?); choose device cpu";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "; this program holds no code for this device; build it with RELREASON_CUDA_ARCHITECTURES for its compute capability";
    case cudaErrorMemoryAllocation: return "; use a smaller batch";
    default: return "";
  }
}

[[gnu::cold, gnu::noinline]] inline std::string error_text(cudaError_t status, const char* what) {
  int driver = 0, runtime = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  return std::string(what) + ": " + cudaGetErrorName(status) + " (" + cudaGetErrorString(status) + ')' + explanation(status, driver, runtime);
}

// check(cudaMemcpyAsync(...), "copying a batch to the device")
inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // an error that does not stick is reported once
  fail(error_text(status, what));
}

// After a launch, and after what reports only through the last error (Thrust).
inline void check_launch(const char* what) { check(cudaGetLastError(), what); }

inline void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const cudaError_t behind = cudaGetLastError();
  const std::string cause = behind == cudaSuccess ? std::string() : "; " + error_text(behind, "behind it");
  fail(what, ": ", cublasLtGetStatusName(status), " (", cublasLtGetStatusString(status), ')', cause);
}

}  // namespace relreason::device
