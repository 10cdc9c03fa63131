// tests/cuda/pair_storage_steps.test.cpp -- pair layers stored in bf16: how much memory they take, which policy is chosen, and trainings with them.
#include "agreement.hpp"
#include "pair_models.hpp"
#include "relreason/backend/cuda/predictor.cuh"
#include "relreason/backend/cuda/trainer.cuh"
#include "support/small_relations.hpp"
#include "systems.hpp"

using namespace relreason;
using namespace pair_models;

namespace {

// Programs with less and less memory: what each says of itself, and how far its gradients are from those of the first.
struct with_less_memory {
  std::vector<std::string> texts, names;
  std::vector<std::size_t> pair_bytes;
  double most = 0;
  template <class M>
  with_less_memory(precision of, const limits<M>& at, const batch<M>& b, std::size_t programs) {
    const parameters<M> p(3);
    std::vector<float> first;
    for (std::size_t budget = 0; texts.size() < programs;) {
      cuda_test::on_system<device::serial_system, M> there(at, of, budget);
      there.program.send(p);
      there.run(b, {.seed = 5, .step = 2});
      if (first.empty()) first.assign(there.program.gradients(), there.program.gradients() + p.learned());
      most = std::max(most, distance(first.data(), there.program.gradients(), p.learned()));
      if (texts.empty() || texts.back() != there.program.pair_memory_text()) {
        texts.push_back(there.program.pair_memory_text());
        names.push_back(there.program.pair_text());
        pair_bytes.push_back(there.program.pair_bytes());
      }
      budget = (budget ? budget : there.program.bytes()) / 100 * 97;
    }
  }
};

}  // namespace

TEST_CASE("pair storage: bf16 takes 2 bytes a number, and less memory changes the policy, which is told, but not the step", "[cuda][trains]") {
  using M = relations<mlp<relu<128>, relu<128>, relu<128>>>;
  {
    // 100 pairs: layer 1 is kept, three chunks hold all pairs; 128 bits for each of three ReLUs.
    const cuda_test::on_system<device::serial_system, M> full(planned<M>(4, 5)), halves(planned<M>(4, 5), precision::bf16);
    CHECK(full.program.pair_bytes() == 100 * (4 * 128 * 4 + 3 * 16));
    CHECK(halves.program.pair_bytes() == 100 * (4 * 128 * 2 + 3 * 16));
    CHECK(full.program.bytes() - halves.program.bytes() >= 100 * 4 * 128 * 2);
    CHECK(full.program.pair_text().empty());
    CHECK(halves.program.pair_text() == ", pair layers in bf16");
    CHECK(full.program.pair_memory_text() == "pair layers: policy store, fp32, 0.2 MiB");
    CHECK(halves.program.pair_memory_text() == "pair layers: policy store, bf16, 0.2 MiB");
  }
  // 72000 pairs. Kept: layer 1 and two masks; at work: three chunks and a mask, of all pairs or of some.
  using narrow = relations<mlp<relu<16>, relu<16>, relu<16>>>;
  constexpr std::size_t pairs = 72000, some = 1 << 16, mask = 16;
  for (const auto& [of, size] : {std::pair{precision::full, std::size_t{4}}, {precision::bf16, std::size_t{2}}}) {
    const with_less_memory found(of, planned<narrow>(20, 60), scenes<narrow>(20, 60), 3);
    const std::string name = of == precision::bf16 ? ", pair layers in bf16" : "", layers = of == precision::bf16 ? name : ", pair layers";
    CHECK(found.names == std::vector<std::string>{name, layers + " kept, 65536 pairs at once", layers + " computed again, 65536 pairs at once"});
    CHECK(found.texts[1].find(std::string("policy store, ") + text_of(of)) != std::string::npos);
    CHECK(found.texts[2].find(std::string("policy masks, ") + text_of(of)) != std::string::npos);
    CHECK(found.pair_bytes[0] == pairs * (4 * 16 * size + 3 * mask));
    CHECK(found.pair_bytes[1] == pairs * (16 * size + 2 * mask) + some * (3 * 16 * size + mask));
    CHECK(found.pair_bytes[2] == pairs * mask + some * (4 * 16 * size + 2 * mask));
    CHECK(found.most > 0);     // sums in another order
    CHECK(found.most < 1e-6);  // du and dv are summed in parts
  }
}

TEST_CASE("pair storage: 1, 10 and 100 steps in bf16 follow the CPU's in bf16, and say how pairs are stored", "[cuda][trains]") {
  thread_pool two(2);
  const trainer_options options{.seed = 3, .clip = .8, .arithmetic = precision::bf16, .instructions = isa::portable};
  trainer<small::net> cpu(small::planned(), two, options);
  device::trainer_on<device::serial_system, small::net> there(small::planned(), two, options), again(small::planned(), two, options);
  CHECK(there.instructions() == std::string("thrust serial bf16, pair layers in bf16"));
  CHECK(there.memory_text().rfind("pair layers: policy store, bf16, ", 0) == 0);
  CHECK(cpu.memory_text().empty());
  const parameters<small::net> start(3);
  const auto moved = [&](auto& t) {
    t.refresh();
    std::vector<float> by(t.weights.data(), t.weights.data() + t.weights.learned());
    for (std::size_t i = 0; i < by.size(); ++i) by[i] -= start.data()[i];
    return by;
  };
  // Of the way that the weights went. Adam's first step has every number's sign alone: where a gradient is near 0, rounding decides it. Later
  // each step adds roundings of its own.
  for (const auto& [steps, most] : {std::pair{1, .1}, {10, .03}, {100, .2}}) {
    while (static_cast<int>(cpu.steps) < steps) {
      const auto b = small::scenes(static_cast<int>(cpu.steps % 7), 40);
      cpu.step(b, 1e-3), there.step(b, 1e-3), again.step(b, 1e-3);
    }
    INFO(steps << " steps");
    const auto wanted = moved(cpu), found = moved(there);
    CHECK(distance(wanted.data(), found.data(), wanted.size()) < most);
    CHECK(systems_test::same_bits(found, moved(again)));
  }
  const device::predictor_on<device::serial_system, small::net, "a"> predictor(start, small::planned(), 0, precision::bf16);
  CHECK(predictor.instructions() == std::string("thrust serial bf16, pair layers in bf16"));
}
