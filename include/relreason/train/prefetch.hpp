// relreason/train/prefetch.hpp -- the next batch is filled while the step runs.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "relreason/core/error.hpp"

namespace relreason {

// Two batches: the caller's and the next one. start(k) begins filling batch k; take() waits for it and hands it over.
// The thread starts at the first start(). What a batch holds depends on its number alone, so nothing depends on timing.
template <class Batch>
class prefetcher {
 public:
  explicit prefetcher(std::function<void(Batch&, std::size_t)> fill) : fill_(std::move(fill)) {}
  prefetcher(const prefetcher&) = delete;
  prefetcher& operator=(const prefetcher&) = delete;
  ~prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void start(std::size_t number) {
    if (std::exchange(started_, true)) fail("prefetcher: start(", number, ") before the batch started last was taken; call take() first");
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    {
      const std::lock_guard lock(mutex_);
      number_ = number;
      wanted_ = true;
      ready_ = false;
    }
    changed_.notify_all();
  }
  const Batch& take() {
    if (!std::exchange(started_, false)) fail("prefetcher: take() without a batch that was started; call start(k) first");
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_; });
    ready_ = false;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    std::swap(filling_, given_);
    return batches_[given_];
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return wanted_ || stop_; });
      if (stop_) return;
      wanted_ = false;
      const std::size_t number = number_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        fill_(batches_[filling_], number);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      failure_ = failure;
      ready_ = true;
      changed_.notify_all();
    }
  }

  std::function<void(Batch&, std::size_t)> fill_;
  Batch batches_[2];
  int filling_ = 0, given_ = 1;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t number_ = 0;
  bool started_ = false;  // the caller's thread alone
  bool wanted_ = false, ready_ = false, stop_ = false;
  std::exception_ptr failure_;
};

}  // namespace relreason
