// tests/core/determinism.test.cpp -- the same bytes for any number of threads, in any batch, and from any caller.
#include <cstring>
#include <thread>

#include "catch.hpp"
#include "support/small_relations.hpp"

using namespace relreason;

namespace {

// A host program's own executor: four threads by its word, its indices from last to first.
struct backwards final : executor {
  int threads() const override { return 4; }
  void run(int n, void (*call)(void*, int), void* context) override {
    for (int i = n; i-- > 0;) call(context, i);
  }
};

// Weights after five steps of plain gradient descent with dropout, and the losses on the way.
std::vector<float> trained(executor& threads, int lanes = 0) {
  parameters<small::net> p(3);
  gradient_program<small::net> program(small::planned(), threads, select_kernels<float>(), lanes);
  std::vector<float> out;
  for (int step = 0; step < 5; ++step) {
    program.run(small::scenes(step, step + (step == 4 ? 7 : 40)), p, {.seed = 5, .step = static_cast<std::uint64_t>(step)});
    out.push_back(static_cast<float>(program.loss()));
    for (std::size_t i = 0; i < p.learned(); ++i) p.data()[i] -= 0.05f * program.gradients()[i];
  }
  out.insert(out.end(), p.data(), p.data() + p.learned());
  return out;
}
bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

using asks = predictor<small::net, float, "a", "r.pairs">;
struct answers {
  std::vector<float> a, pairs;
  bool operator==(const answers& o) const { return same_bytes(a, o.a) && same_bytes(pairs, o.pairs); }
};
int pairs_of(int s) { return (s % (small::objects + 1)) * (s % (small::objects + 1)); }
answers answered(const asks& p, asks::workspace& own, int first, int last) {
  answers out;
  std::size_t pairs = 0;
  for (int s = first; s < last; ++s) pairs += static_cast<std::size_t>(pairs_of(s));
  out.a.resize(static_cast<std::size_t>(4 * (last - first)));
  out.pairs.resize(pairs);
  p.run(own, small::scenes(first, last), {out.a.data(), out.pairs.data()});
  return out;
}

}  // namespace

TEST_CASE("gradients: several steps give the same bytes with 1, 2, 3 and 8 threads and with a host's executor", "[core][threads]") {
  serial_executor serial;
  const auto wanted = trained(serial);
  CHECK(wanted[4] < wanted[0]);  // it learns, so the bytes are not trivially equal
  for (const int n : {1, 2, 3, 8}) {
    thread_pool pool(n);
    INFO(n << " threads");
    CHECK(same_bytes(trained(pool), wanted));
  }
  backwards host;
  CHECK(same_bytes(trained(host), wanted));
}

TEST_CASE("lanes: by the model's size, or as told; their number changes last digits only, and never with the threads", "[core][threads]") {
  serial_executor serial;
  using large = model<input<"x", features<1024>, small::scene>, let<"y", linear<2048>, of<"x">>>;
  CHECK(usual_lanes<small::net>() == 16);
  CHECK(usual_lanes<large>() == 4);  // 8 MiB and a bias each: 3 would fit
  CHECK(usual_lanes<large, double>() == 4);
  const auto usual = trained(serial);
  CHECK(same_bytes(trained(serial, 16), usual));
  for (const int lanes : {1, 3, 64}) {
    INFO(lanes << " lanes");
    thread_pool pool(3);
    const auto other = trained(serial, lanes);
    CHECK(same_bytes(trained(pool, lanes), other));
    REQUIRE(other.size() == usual.size());
    float apart = 0;
    for (std::size_t i = 0; i < usual.size(); ++i) apart = std::max(apart, std::abs(other[i] - usual[i]));
    CHECK(apart < 1e-5f);
    CHECK(apart > 0);
  }
  CHECK_THROWS_WITH(trained(serial, 65), "gradient_program: 65 lanes; wanted 1 to 64, or 0 for what suits the model");
  CHECK_THROWS_WITH(trained(serial, -1), Catch::Matchers::StartsWith("gradient_program: -1 lanes"));
}

TEST_CASE("prediction: a sample has the same bytes alone and in any batch, with 1 to 3 threads", "[core][threads]") {
  const parameters<small::net> p(3);
  const asks predict(p, small::planned(), select_kernels<float>());
  asks::workspace serial(predict);
  const auto all = answered(predict, serial, 0, 40);
  for (int n = 1; n <= 3; ++n) {
    thread_pool pool(n);
    asks::workspace own(predict, &pool);
    INFO(n << " threads");
    CHECK(answered(predict, own, 0, 40) == all);
    std::size_t pair = 0;
    bool equal = true;
    for (int s = 0; s < 40; ++s) {
      const auto one = answered(predict, own, s, s + 1);
      equal = equal && std::memcmp(one.a.data(), all.a.data() + 4 * s, 4 * sizeof(float)) == 0;
      equal = equal && (one.pairs.empty() || std::memcmp(one.pairs.data(), all.pairs.data() + pair, one.pairs.size() * sizeof(float)) == 0);
      pair += one.pairs.size();
    }
    CHECK(equal);
    const auto some = answered(predict, own, 13, 30);
    CHECK(std::memcmp(some.a.data(), all.a.data() + 4 * 13, some.a.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("prediction: 8 threads at once, each with a workspace, give the bytes of one", "[core][threads]") {
  const parameters<small::net> p(3);
  const asks predict(p, small::planned(), select_kernels<float>());
  asks::workspace serial(predict);
  const auto wanted = answered(predict, serial, 0, 40);
  std::array<bool, 8> equal{};
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < 8; ++t)
    callers.emplace_back([&, t] {
      asks::workspace own(predict);
      equal[t] = true;
      for (int k = 0; k < 5; ++k) equal[t] = equal[t] && answered(predict, own, 0, 40) == wanted;
    });
  for (auto& c : callers) c.join();
  for (const bool e : equal) CHECK(e);
}
