// tests/embedding/threads.test.cpp -- callers at once on shared weights, and whose threads do the work.
#include <atomic>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "embedding/product.hpp"

using namespace product;

namespace {

// Batch k has the scenes k .. k + n - 1; a scene is the same in every batch.
batch<net> batch_at(int k, int n) {
  batch<net> b;
  b.space<word>().padded = words;
  for (int s = k; s < k + n; ++s) add_scene(b, s, s % (objects + 1));
  return b;
}
std::vector<float> logits_of(const net_predictor& predict, net_predictor::workspace& own, const batch<net>& b) {
  std::vector<float> a(static_cast<std::size_t>(b.samples) * answers);
  predict.run(own, b, {a.data()});
  return a;
}
bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
long threads_of_process() { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()); }

// A host's own executor: says it has four threads, runs the last index first, on the caller's thread.
struct host_executor final : executor {
  int threads() const override { return 4; }
  void run(int n, void (*call)(void*, int), void* context) override {
    calls.fetch_add(1);
    for (int i = n - 1; i >= 0; --i) call(context, i);
  }
  std::atomic<int> calls{0};
};

}  // namespace

TEST_CASE("embedding: 8 threads predict at once, each with its own workspace, and get the serial bytes", "[embedding][threads]") {
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  constexpr int callers = 8, rounds = 25;
  std::vector<batch<net>> batches;
  std::vector<std::vector<float>> expected;
  auto serial = predict.make_workspace();
  for (int k = 0; k < rounds; ++k) {
    batches.push_back(batch_at(k, 1 + k % scenes));
    expected.push_back(logits_of(predict, serial, batches.back()));
  }
  const bool shared_pool = GENERATE(false, true);
  thread_pool pool(3);
  std::atomic<int> different{0}, done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < callers; ++t)
    threads.emplace_back([&, t] {
      auto own = predict.make_workspace(shared_pool && t % 2 == 0 ? &pool : nullptr);
      for (int i = 0; i < rounds; ++i) {
        const auto k = static_cast<std::size_t>((i + 3 * t) % rounds);
        if (!same_bytes(logits_of(predict, own, batches[k]), expected[k])) different.fetch_add(1);
        done.fetch_add(1);
      }
    });
  for (auto& t : threads) t.join();
  CHECK(done == callers * rounds);
  CHECK(different == 0);
}

TEST_CASE("embedding: an error in one caller leaves the others and its own workspace alone", "[embedding][threads]") {
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  const auto good = batch_at(0, scenes), bad = too_many_objects();
  auto serial = predict.make_workspace();
  const auto expected = logits_of(predict, serial, good);
  std::atomic<int> errors{0}, different{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto own = predict.make_workspace();
      for (int i = 0; i < 20; ++i) {
        try {
          if (t % 2 == 0) logits_of(predict, own, bad);
        } catch (const error&) {
          errors.fetch_add(1);
        }
        if (!same_bytes(logits_of(predict, own, good), expected)) different.fetch_add(1);
      }
    });
  for (auto& t : threads) t.join();
  CHECK(errors == 2 * 20);
  CHECK(different == 0);
}

TEST_CASE("embedding: no thread starts before the first parallel call", "[embedding][threads]") {
  const long before = threads_of_process();
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  const auto b = batch_at(0, scenes);
  auto serial = predict.make_workspace();
  const auto expected = logits_of(predict, serial, b);
  {
    thread_pool pool(4);
    auto own = predict.make_workspace(&pool);
    CHECK(threads_of_process() == before);
    CHECK(same_bytes(logits_of(predict, own, b), expected));
    CHECK(threads_of_process() == before + 3);
  }
  CHECK(threads_of_process() == before);
}

TEST_CASE("embedding: no thread ever starts with the host's executor", "[embedding][threads]") {
  const long before = threads_of_process();
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  host_executor host;
  auto own = predict.make_workspace(&host), serial = predict.make_workspace();
  for (const int n : {1, scenes}) {
    const auto b = batch_at(2, n);
    const int calls = host.calls;
    CHECK(same_bytes(logits_of(predict, own, b), logits_of(predict, serial, b)));
    CHECK(host.calls > calls);
    CHECK(threads_of_process() == before);
  }
}
