// tests/cuda/predictor.test.cpp -- predictions on a device's code are those of the CPU, side results among them.
#include "relreason/backend/cuda/predictor.cuh"

#include "agreement.hpp"
#include "relreason/core/predictor.hpp"
#include "support/questions_of_scenes.hpp"
#include "support/small_relations.hpp"
#include "systems.hpp"

using namespace relreason;

TEMPLATE_TEST_CASE("device predictor: values and sizes of pairs are those of the CPU, whatever the batch", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const parameters<small::net> p(3);
  const predictor<small::net, float, "a", "r.pairs"> cpu(p, small::planned(), select_kernels<float>());
  auto workspace = cpu.make_workspace();
  device::predictor_on<TestType, small::net, "a", "r.pairs"> there(p, small::planned());
  for (const auto& [first, last] : {std::pair{0, 40}, {4, 5}, {0, 1}}) {
    const auto b = small::scenes(first, last);
    const auto pairs = static_cast<std::size_t>(cpu.rows<"r.pairs">(b)), answers = static_cast<std::size_t>(4 * (last - first));
    std::vector<float> a(answers), r(pairs), found_a = a, found_r = r;
    cpu.run(workspace, b, {a.data(), r.data()});
    there.run(b, {found_a.data(), found_r.data()});
    CHECK(cuda_test::apart(a.data(), found_a.data(), answers) < cuda_test::agreement);
    CHECK(cuda_test::apart(r.data(), found_r.data(), pairs) < cuda_test::agreement);
  }
  CHECK(there.instructions() == std::string(TestType::name) + " fp32");
}

TEST_CASE("device predictor: side results alone are those of the CPU beside the value, which it then does not compute", "[cuda]") {
  namespace qs = questions_of_scenes;
  using M = qs::single_question<>;
  auto at = qs::planned<M>();
  at.samples = 48;
  batch<M> b;
  random_stream random{7, 1};
  for (int s = 0; s < 42; ++s) {  // 81 objects and 241 pairs: 82 and 248 rows run
    b.add_sample();
    b.count<qs::object>(s % 5);
    qs::push_some(random, 3 * (s % 5), [&](float x) { b.push<"x">(x); });
    qs::push_some(random, 2, [&](float x) { b.push<"w">(x); });
  }
  const parameters<M> p(3);
  const predictor<M, float, "r", "r.mean", "r.max", "r.pairs"> cpu(p, at, select_kernels<float>());
  auto workspace = cpu.make_workspace();
  device::predictor_on<device::serial_system, M, "r.mean", "r.max", "r.pairs"> there(p, at);
  const auto of = [&](int rows, int width) { return std::vector<float>(static_cast<std::size_t>(rows * width), -1.f); };
  auto r = of(42, 4), mean = of(42, cpu.width<"r.mean">()), max = mean, pairs = of(cpu.rows<"r.pairs">(b), 1);
  auto found_mean = mean, found_max = max, found_pairs = pairs;
  cpu.run(workspace, b, {r.data(), mean.data(), max.data(), pairs.data()});
  there.run(b, {found_mean.data(), found_max.data(), found_pairs.data()});
  CHECK(cuda_test::apart(mean.data(), found_mean.data(), mean.size()) < cuda_test::agreement);
  CHECK(cuda_test::apart(max.data(), found_max.data(), max.size()) < cuda_test::agreement);
  CHECK(cuda_test::apart(pairs.data(), found_pairs.data(), pairs.size()) < cuda_test::agreement);
  CHECK(mean[static_cast<std::size_t>(cpu.width<"r.mean">())] > 0);  // of the scene with one object
}

TEST_CASE("device predictor: a padded length that is not told is refused, and so is a batch beyond the limits", "[cuda]") {
  const parameters<small::net> p(3);
  device::predictor_on<device::serial_system, small::net, "a"> there(p, small::planned());
  std::vector<float> a(4 * 41);
  auto b = small::scenes(0, 3);
  b.space<small::word>().padded = 0;
  CHECK_THROWS_WITH(there.run(b, {a.data()}), Catch::Matchers::Contains("reads pads, but the length of word is 0"));
  CHECK_THROWS_WITH(there.run(small::scenes(0, 41), {a.data()}), Catch::Matchers::StartsWith("batch: 41 samples, but 40 were planned"));
}
