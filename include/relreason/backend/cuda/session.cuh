// relreason/backend/cuda/session.cuh -- an opened system with its products: what one trainer or predictor on a device owns.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/products.cuh"
#include "relreason/backend/cuda/storage.cuh"
#if defined(__CUDACC__)
#include "relreason/backend/cuda/cublaslt.cuh"
#include "relreason/backend/cuda/device.cuh"
#include "relreason/backend/cuda/graph.cuh"
#endif

namespace relreason::device {

// On a host system. run(captured, shape, work, scratch): does the work.
template <class System>
class session {
 public:
  using products_type = plain_products<System>;
  struct graphs {
    static std::size_t size() { return 0; }
  };

  session(int, precision p) : products_({}, p), name_(std::string(System::name) + " " + text_of(p)) {}
  System system() const { return {}; }
  products_type& products() { return products_; }
  const char* name() const { return name_.c_str(); }

  void use() const {}

  template <class Work>
  void run(graphs&, const std::vector<int>&, Work&& work, scratch_memory<System>&) {
    work();
  }

 private:
  products_type products_;
  std::string name_;
};

#if defined(__CUDACC__)
// On a CUDA device: one stream, cuBLASLt, and the work captured as graphs, one per shape, each launched at once.
template <>
class session<cuda_system> {
 public:
  using products_type = cublaslt_products;
  using graphs = std::map<std::vector<int>, captured_graph>;
  static constexpr std::size_t most_graphs = 128;

  session(int number, precision p)
      : device_(open_device(number)), workspace_(cublaslt_workspace_bytes, "cuBLASLt"), products_(system(), p, workspace_.data()), name_("cuda ") {
    name_ += text_of(p);
  }
  cuda_system system() const { return {stream_.get()}; }
  products_type& products() { return products_; }
  const char* name() const { return name_.c_str(); }
  const device_info& device() const { return device_; }

  // Makes its device the calling thread's: before any call that is not run().
  void use() const { check(cudaSetDevice(device_.number), "choosing the device"); }

  // Launches the graph of the shape. Runs as it is what no graph can hold yet: the first work, for which kernels are loaded, and shapes that meet
  // cuBLASLt, or need more scratch, for the first time. `known` belongs to one scratch, which grows nowhere else once it has graphs.
  template <class Work>
  void run(graphs& known, const std::vector<int>& shape, Work&& work, scratch_memory<cuda_system>& scratch) {
    use();
    if (const auto found = known.find(shape); found != known.end()) return found->second.launch(stream_);
    captured_graph made;
    if (std::exchange(warm_, true) && scratch.bytes() && captured(made, work, scratch)) {
      made.launch(stream_);
      if (known.size() == most_graphs) known.clear();
      known.emplace(shape, std::move(made));
      return;
    }
    if (scratch.too_small()) {
      known.clear();  // they hold its address
      scratch.grow(system());
    }
    work();
  }

 private:
  template <class Work>
  bool captured(captured_graph& to, Work& work, scratch_memory<cuda_system>& scratch) {
    struct both {
      products_type& products;
      scratch_memory<cuda_system>& scratch;
      both(products_type& p, scratch_memory<cuda_system>& s) : products(p), scratch(s) { set(true); }
      both(const both&) = delete;
      ~both() { set(false); }
      void set(bool now) const { products.capturing(now), scratch.capturing(now); }
    } capturing(products_, scratch);
    return to.capture_if(stream_, work, [&] { return !products_.missed() && !scratch.too_small(); });
  }

  device_info device_;
  stream stream_;
  device_memory workspace_;
  products_type products_;
  std::string name_;
  bool warm_ = false;
};
#endif

}  // namespace relreason::device
