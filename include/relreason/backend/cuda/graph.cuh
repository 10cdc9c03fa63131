// relreason/backend/cuda/graph.cuh -- a step captured once as a CUDA graph, and launched as one.
#pragma once

#include <cstddef>
#include <utility>

#include "relreason/backend/cuda/error.cuh"
#include "relreason/backend/cuda/stream.cuh"

namespace relreason::device {

class captured_graph {
 public:
  captured_graph() = default;
  captured_graph(captured_graph&& other) noexcept { swap(other); }
  captured_graph& operator=(captured_graph&& other) noexcept {
    swap(other);
    return *this;
  }
  ~captured_graph() {
    if (launchable_) (void)cudaGraphExecDestroy(launchable_);
  }

  // Records what work() puts on the stream, without running it, in place of what it held. work() must neither allocate nor wait; the error says
  // so if it did.
  template <class Work>
  void capture(const stream& on, Work&& work) {
    capture_if(on, std::forward<Work>(work), [] { return true; });
  }
  // Forgets what was recorded, and keeps the graph before it, where good() says so after work().
  template <class Work, class Good>
  bool capture_if(const stream& on, Work&& work, Good&& good) {
    recording r(on.get());
    std::forward<Work>(work)();
    r.end();
    if (!good()) return false;
    check(cudaGraphGetNodes(r.graph, nullptr, &nodes_), "counting the captured work");
    if (launchable_) (void)cudaGraphExecDestroy(std::exchange(launchable_, nullptr));
    check(cudaGraphInstantiate(&launchable_, r.graph, 0), "making a graph of the captured work");
    return true;
  }

  void launch(const stream& on) const {
    if (!launchable_) fail("captured_graph: launch() before capture()");
    check(cudaGraphLaunch(launchable_, on.get()), "launching the captured work");
  }

  bool captured() const { return launchable_ != nullptr; }
  std::size_t nodes() const { return nodes_; }  // kernels, copies and clears of one launch

 private:
  // Ends the capture and frees the recorded graph, also where work() throws.
  struct recording {
    explicit recording(cudaStream_t s) : on(s) {
      check(cudaStreamBeginCapture(on, cudaStreamCaptureModeThreadLocal), "starting to capture the step");
      running = true;
    }
    recording(const recording&) = delete;
    void end() {
      running = false;
      check(cudaStreamEndCapture(on, &graph),
            "capturing the step; it must not allocate, wait, or use another stream that was not forked from this one");
    }
    ~recording() {
      if (running) (void)cudaStreamEndCapture(on, &graph);
      if (graph) (void)cudaGraphDestroy(graph);
      if (running) (void)cudaGetLastError();
    }
    cudaStream_t on;
    cudaGraph_t graph = nullptr;
    bool running = false;
  };

  void swap(captured_graph& other) noexcept {
    std::swap(launchable_, other.launchable_);
    std::swap(nodes_, other.nodes_);
  }

  cudaGraphExec_t launchable_ = nullptr;
  std::size_t nodes_ = 0;
};

}  // namespace relreason::device
