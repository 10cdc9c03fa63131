// tests/cuda/recording.hpp -- a system that captures as a stream does, on the host: a launch is a list of calls. Include it before the library.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "relreason/backend/cuda/storage.cuh"
#include "relreason/core/step_options.hpp"

namespace relreason::device {

// Does what it is asked at once, or writes it down, as a stream does that is captured.
struct recording_system {
  static constexpr bool on_host = true;
  static constexpr const char* name = "recording";
  struct tape {
    bool capturing = false;
    std::size_t memory = std::size_t{1} << 40;  // bytes that are not taken yet
    std::size_t copied = 0;                     // bytes by copy(), of inputs none
    std::vector<std::function<void()>> calls;
  };
  tape* to = nullptr;
  auto policy() const { return thrust::cpp::par; }
  void take(std::function<void()> call) const {
    if (to->capturing) to->calls.push_back(std::move(call));
    else call();
  }
};
template <class F>
void each(const recording_system& on, std::size_t n, const F& f) {
  on.take([n, f] {
    for (std::size_t i = 0; i < n; ++i) f(i);
  });
}
template <>
struct storage<recording_system> : storage<serial_system> {
  static memory make(const recording_system& on, std::size_t bytes, const char*, const std::string& = {}) {
    on.to->memory -= std::min(bytes, on.to->memory);
    return memory(bytes);
  }
  static std::size_t available(const recording_system& on) { return on.to->memory; }
  static void copy(const recording_system& on, void* to, const void* from, std::size_t bytes) {
    on.take([=] {
      on.to->copied += bytes;
      storage<serial_system>::copy({}, to, from, bytes);
    });
  }
  static void wait(const recording_system&) {}
  struct ahead {
    void start(const recording_system&, void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
    void finish(const recording_system&) {}
  };
};

}  // namespace relreason::device

#include "relreason/backend/cuda/session.cuh"

namespace relreason::device {

template <>
class session<recording_system> {
 public:
  using products_type = plain_products<recording_system>;
  using graphs = std::map<std::vector<int>, std::vector<std::function<void()>>>;
  session(int, precision p) : products_(system(), p) {}
  recording_system system() { return {&tape_}; }
  products_type& products() { return products_; }
  const char* name() const { return "recording"; }
  void use() const {}
  template <class Work>
  void run(graphs& known, const std::vector<int>& shape, Work&& work, scratch_memory<recording_system>& scratch) {
    ++launches;
    if (scratch.bytes() == 0) return work();
    if (!known.count(shape)) {
      tape_.capturing = true, tape_.calls.clear();
      scratch.capturing(true);
      work();
      scratch.capturing(false);
      tape_.capturing = false;
      if (scratch.too_small()) {  // as on a GPU: not captured this time
        known.clear();
        scratch.grow(system());
        return work();
      }
      ++captures;
      known.emplace(shape, std::move(tape_.calls));
    }
    for (const auto& call : known.at(shape)) call();
  }
  std::size_t copied() const { return tape_.copied; }
  int launches = 0, captures = 0;

 private:
  recording_system::tape tape_;
  products_type products_;
};

}  // namespace relreason::device
