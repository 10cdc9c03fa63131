// bench/cuda_calls.hpp -- counts what a program asks of the CUDA run time: device memory, graphs made and launched.
// The linker leads the calls here: --wrap=NAME for each of them (bench/CMakeLists.txt). cuBLASLt's own calls are not seen.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <unordered_map>

namespace bench {

struct cuda_calls {
  long allocations = 0, graph_launches = 0, graphs_made = 0;
  std::size_t bytes = 0, nodes = 0;  // device memory now held; nodes of the last graph captured
  cudaGraphExec_t last = nullptr;    // launched

  static cuda_calls& seen() {
    static cuda_calls calls;
    return calls;
  }
  void took(void* p, std::size_t n) {
    ++allocations;
    bytes += held_[p] = n;
  }
  void freed(void* p) {
    const auto at = held_.find(p);
    if (at == held_.end()) return;
    bytes -= at->second;
    held_.erase(at);
  }

 private:
  std::unordered_map<void*, std::size_t> held_;
};

}  // namespace bench

extern "C" {

cudaError_t __real_cudaMalloc(void**, std::size_t);
cudaError_t __real_cudaMallocAsync(void**, std::size_t, cudaStream_t);
cudaError_t __real_cudaFree(void*);
cudaError_t __real_cudaFreeAsync(void*, cudaStream_t);
cudaError_t __real_cudaGraphInstantiate(cudaGraphExec_t*, cudaGraph_t, unsigned long long);
cudaError_t __real_cudaGraphGetNodes(cudaGraph_t, cudaGraphNode_t*, std::size_t*);
cudaError_t __real_cudaGraphLaunch(cudaGraphExec_t, cudaStream_t);

[[gnu::used]] inline cudaError_t __wrap_cudaMalloc(void** p, std::size_t n) {
  const cudaError_t status = __real_cudaMalloc(p, n);
  if (status == cudaSuccess) bench::cuda_calls::seen().took(*p, n);
  return status;
}
[[gnu::used]] inline cudaError_t __wrap_cudaMallocAsync(void** p, std::size_t n, cudaStream_t on) {
  const cudaError_t status = __real_cudaMallocAsync(p, n, on);
  if (status == cudaSuccess) bench::cuda_calls::seen().took(*p, n);
  return status;
}
[[gnu::used]] inline cudaError_t __wrap_cudaFree(void* p) {
  bench::cuda_calls::seen().freed(p);
  return __real_cudaFree(p);
}
[[gnu::used]] inline cudaError_t __wrap_cudaFreeAsync(void* p, cudaStream_t on) {
  bench::cuda_calls::seen().freed(p);
  return __real_cudaFreeAsync(p, on);
}
[[gnu::used]] inline cudaError_t __wrap_cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t from, unsigned long long flags) {
  ++bench::cuda_calls::seen().graphs_made;
  return __real_cudaGraphInstantiate(made, from, flags);
}
[[gnu::used]] inline cudaError_t __wrap_cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  const cudaError_t status = __real_cudaGraphGetNodes(graph, nodes, count);
  if (status == cudaSuccess) bench::cuda_calls::seen().nodes = *count;
  return status;
}
[[gnu::used]] inline cudaError_t __wrap_cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t on) {
  ++bench::cuda_calls::seen().graph_launches;
  bench::cuda_calls::seen().last = graph;
  return __real_cudaGraphLaunch(graph, on);
}

}  // extern "C"
