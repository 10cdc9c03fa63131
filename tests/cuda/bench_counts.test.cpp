// tests/cuda/bench_counts.test.cpp -- the FLOPs and bytes that the benchmarks divide by are those of formulas written out here, and the core
// that a GPU is timed on computes what the CPU's does.
#include <cmath>

#include "../../bench/rn_counts.hpp"
#include "agreement.hpp"
#include "catch.hpp"
#include "systems.hpp"

using namespace bench;

namespace {

// RN core: B = 64 scenes of n = 64 objects of 26, a question of 128, g of four layers of H = 256; B n^2 pairs.
constexpr double B = 64, n = 64, H = 256;
// Arrays of g, and the shifts of objects and question.
constexpr double core_weights = (26 + 26 + 128 + 1) * H + 3 * (H + 1) * H + 26 + 128;

// RN state: 640 scenes, 80 of each count c = 3 ... 10; pairs with pads merged: (c + 1)^2. Words of 40 lengths, 16 times each.
constexpr double scenes_n = 640, W = 512;
constexpr double objects_n = 80 * (3 + 4 + 5 + 6 + 7 + 8 + 9 + 10);
constexpr double rows_n = 80 * (16 + 25 + 36 + 49 + 64 + 81 + 100 + 121);
constexpr double words_n = 16 * (3 * 8 + 11 + 2 * 12 + 13 + 2 * 14 + 3 * 15 + 2 * 16 + 6 * 17 + 2 * 19 + 20 + 2 * 21 + 3 * 22 + 23 + 24 + 2 * 25 +
                                 2 * 26 + 4 * 28 + 29 + 30);
// Embedding, LSTM, g, f.
constexpr double state_weights = 83 * 32 + 1024 * (32 + 256 + 2) + (7 + 7 + 256 + 1) * W + 3 * (W + 1) * W + (W + 1) * W + (W + 1) * 1024 + 1025 * 28;

// One forward pass: the recurrent products of c objects' scenes, then f.
double state_flop(double scene_count, double objects, double rows, double words) {
  const double lstm = 2 * words * 256 * 1024, nodes = 2 * W * (14 * objects + 256 * scene_count), pairs = 2 * rows * 3 * W * W;
  return lstm + nodes + pairs + 2 * scene_count * (W * W + W * 1024 + 1024 * 28);
}

}  // namespace

TEST_CASE("bench: FLOPs of RN core are 2 B (n H (26 + 26) + 128 H + 3 n^2 H^2) forward, 310 GFLOP in training") {
  const scenes s = scenes_of("", "core");
  const double flop = 2 * B * (n * H * (26 + 26) + 128 * H + 3 * n * n * H * H);
  CHECK(flop == 103'192'461'312.0);
  CHECK(1e9 * forward_gflop<rn_core>(s, 64) == Approx(flop).epsilon(1e-12));
  CHECK(std::round(passes(work::gradients) * forward_gflop<rn_core>(s, 64)) == 310);
  CHECK(passes(work::forward) == 1);
  CHECK(forward_gflop<rn_core>(s, 640) == Approx(1e-8 * flop).epsilon(1e-12));
}

TEST_CASE("bench: FLOPs of RN state count merged pads once, and a prediction its own scene") {
  CHECK(rows_n == 39360);
  CHECK(words_n == 765 * 16);
  CHECK(1e9 * forward_gflop<rn_state>(scenes_of("", "state"), 640) == Approx(state_flop(scenes_n, objects_n, rows_n, words_n)).epsilon(1e-12));
  CHECK(1e9 * forward_gflop<rn_state>(scenes_of("", "predict"), 1) == Approx(state_flop(1, 6, 49, 18)).epsilon(1e-12));
}

TEST_CASE("bench: least bytes of RN core are inputs, weights and result; in training gradients and what is kept as well") {
  const scenes s = scenes_of("", "core");
  CHECK(kept_bytes_a_row<rn_core>() == 2080);  // 2.08 KB a pair
  CHECK(kept_bytes_a_row<rn_core>(precision::tf32) == 2080);
  CHECK(kept_bytes_a_row<rn_core>(precision::bf16) == 1056);
  const double inputs = B * (n * 26 + 128);
  CHECK(least_bytes<rn_core>(s, 64, work::forward) == 4 * (core_weights + inputs + B * H));
  CHECK(least_bytes<rn_core>(s, 64, work::gradients) == 4 * (2 * core_weights + inputs + B * H) + 2 * 2080 * B * n * n);
  CHECK(least_bytes<rn_core>(s, 64, work::gradients, precision::bf16) == 4 * (2 * core_weights + inputs + B * H) + 2 * 1056 * B * n * n);
  CHECK(least_bytes<rn_core>(s, 64, work::forward, precision::bf16) == 4 * (core_weights + inputs + B * H));
}

TEST_CASE("bench: least bytes of RN state: a step passes Adam's arrays once, a prediction reads the weights") {
  CHECK(rows_of_g<rn_state>(11) == 144);
  CHECK(rows_of_g<rn_state>(12) == 144);
  CHECK(kept_bytes_a_row<rn_state>() == 4160);
  CHECK(kept_bytes_a_row<rn_state>(precision::bf16) == 2112);
  const double inputs = 7 * objects_n + words_n + scenes_n;
  // weights read; gradients written and read; two moments read and written; weights written
  CHECK(least_bytes<rn_state>(scenes_of("", "state"), 640, work::step) == 4 * (8 * state_weights + inputs) + 2 * 4160 * rows_n);
  CHECK(least_bytes<rn_state>(scenes_of("", "state"), 640, work::step, precision::bf16) == 4 * (8 * state_weights + inputs) + 2 * 2112 * rows_n);
  CHECK(least_bytes<rn_state>(scenes_of("", "predict"), 1, work::forward) == 4 * (state_weights + 7 * 6 + 18 + 28));
}

TEST_CASE("bench: RN core on a device takes for pair layers what is kept, three chunks to work in, and the bits of its ReLUs", "[cuda]") {
  scenes s = scenes_of("", "core");
  for (const auto& [p, bytes] : {std::pair{precision::full, 4.0}, {precision::bf16, 2.0}}) {
    const cuda_test::on_system<device::serial_system, rn_core> there(limits_of<rn_core>(s, 2), p);
    CHECK(static_cast<double>(there.program.pair_bytes()) == 2 * n * n * (5 * H * bytes + 4 * H / 8));
  }
}

TEMPLATE_TEST_CASE("bench: RN core on a device's code has the CPU's loss and gradients", "[cuda]", RELREASON_HOST_SYSTEMS) {
  scenes s = scenes_of("", "core");
  s.counts = {5, 3};
  s.index();
  batch<rn_core> b;
  fill(b, s, 2);
  cuda_test::check_agreement<TestType>(limits_of<rn_core>(s, 2), b);
}
