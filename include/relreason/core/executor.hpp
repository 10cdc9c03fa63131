// relreason/core/executor.hpp -- the one header that owns threads: parallel_for over a fixed set of indices.
#pragma once

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace relreason {

// Runs body(i) for every i in [0, n), in any order, and returns when all are done. What a body computes must not depend on which thread
// runs it, so results never depend on the number of threads. A host program may derive its own; then this library starts no thread.
class executor {
 public:
  virtual ~executor() = default;
  virtual int threads() const = 0;

  template <class Body>
  void parallel_for(int n, Body&& body) {
    using body_type = std::remove_reference_t<Body>;
    run(
        n, [](void* context, int i) { (*static_cast<body_type*>(context))(i); }, const_cast<std::remove_const_t<body_type>*>(&body));
  }

 protected:
  virtual void run(int n, void (*call)(void* context, int index), void* context) = 0;
};

// One thread: the caller's.
class serial_executor final : public executor {
 public:
  int threads() const override { return 1; }

 private:
  void run(int n, void (*call)(void*, int), void* context) override {
    for (int i = 0; i < n; ++i) call(context, i);
  }
};

// A pool that starts its threads at the first parallel call. Workers spin briefly for the next call, then sleep.
// Bodies must not throw: a failure inside is kept by whoever wrote the body.
// Threads do not survive fork(): in the child, a pool that had started them runs every index on the caller; make a new pool there.
// One parallel_for at a time: a second caller, or a nested call, runs its indices itself.
class thread_pool final : public executor {
 public:
  explicit thread_pool(int threads = static_cast<int>(std::thread::hardware_concurrency())) : threads_(threads < 1 ? 1 : threads) {}
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  ~thread_pool() override {
    if (forked()) {  // nobody to join, and what waited in wake_ will never leave it: both are left alone
      new std::vector<std::thread>(std::move(workers_));
      wake_.release();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      stop_.store(true);
    }
    wake_->notify_all();
    for (auto& worker : workers_) worker.join();
  }

  int threads() const override { return threads_; }

 private:
  void run(int n, void (*call)(void*, int), void* context) override {
    const std::unique_lock owner(busy_, std::try_to_lock);
    if (threads_ == 1 || n < 2 || !owner.owns_lock() || forked()) {
      for (int i = 0; i < n; ++i) call(context, i);
      return;
    }
    if (workers_.empty()) {
      started_in_ = ::getpid();
      for (int i = 1; i < threads_; ++i) workers_.emplace_back([this] { work(); });
    }
    call_ = call;
    context_ = context;
    n_ = n;
    next_.store(0);
    finished_.store(0);
    {
      const std::lock_guard lock(mutex_);
      generation_.fetch_add(1);
    }
    wake_->notify_all();
    take();
    for (int spins = 0; finished_.load() != static_cast<int>(workers_.size()); ++spins)
      if (spins > 2000) std::this_thread::yield();
  }

  bool forked() const { return !workers_.empty() && started_in_ != ::getpid(); }

  void take() {
    for (int i; (i = next_.fetch_add(1)) < n_;) call_(context_, i);
  }

  void work() {
    unsigned seen = 0;
    while (true) {
      for (int spins = 0; generation_.load() == seen && !stop_.load() && spins < 20000; ++spins)
        if (spins % 64 == 63) std::this_thread::yield();
      if (generation_.load() == seen) {
        std::unique_lock lock(mutex_);
        wake_->wait(lock, [&] { return generation_.load() != seen || stop_.load(); });
      }
      if (stop_.load()) return;
      ++seen;
      take();
      finished_.fetch_add(1);
    }
  }

  const int threads_;
  std::vector<std::thread> workers_;
  std::mutex busy_, mutex_;
  std::unique_ptr<std::condition_variable> wake_ = std::make_unique<std::condition_variable>();
  pid_t started_in_ = 0;
  std::atomic<unsigned> generation_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> next_{0}, finished_{0};
  void (*call_)(void*, int) = nullptr;
  void* context_ = nullptr;
  int n_ = 0;
};

}  // namespace relreason
