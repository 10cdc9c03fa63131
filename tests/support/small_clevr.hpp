// tests/support/small_clevr.hpp -- a small network over CLEVR's scenes, and scenes and questions for it.
#pragma once

#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/scene_task.hpp"

namespace small_clevr {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct word : each<scene> {};

template <int Words = 82, int Width = 7>
struct net_of : model<input<"o", features<Width>, object>, input<"w", ids<Words>, word>, input<"answer", label<28>, scene>,
                      let<"q", last_state<lstm<4>, embedding<3>, leading>, of<"w">>,
                      let<"r", sum_over<pair, mlp<relu<8>, relu<8>>, padded<12>>, of<"o", "o", "q">>, let<"a", mlp<relu<16>, linear<28>>, of<"r">>,
                      minimize<cross_entropy<>, of<"a", "answer">>> {};
using net = net_of<>;
using loaded = clevr_model<net, object, word>;

// Scene s has s % 11 objects; three questions about each.
inline clevr::dataset dataset(int scenes) {
  constexpr std::array<const char*, 3> texts{"How many cubes are there?", "Is there a red thing; what is it made of?", "Are there any balls?"};
  clevr::dataset d;
  for (int s = 0; s < scenes; ++s) {
    random_stream random{31, static_cast<std::uint64_t>(s)};
    clevr::scene to;
    to.image_index = 100 + s;
    to.split = "val";
    for (int i = 0; i < s % 11; ++i) {
      clevr::object o;
      for (std::size_t a = 0; a < 4; ++a) o.attributes[a] = static_cast<std::uint8_t>(random.below(2));
      o.position = {3 * random.uniform() - 1.5, 3 * random.uniform() - 1.5, .35};
      to.objects.push_back(o);
    }
    d.scenes.push_back(to);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      clevr::question q;
      q.image_index = to.image_index;
      q.question_index = static_cast<int>(d.questions.size());
      q.split = to.split;
      q.text = texts[k];
      q.answer = k == 0 ? std::to_string(s % 11) : k == 1 ? "metal" : s % 2 ? "yes" : "no";
      d.questions.push_back(q);
      d.scene_of.push_back(s);
    }
  }
  return d;
}

// Trains four epochs in the folder and leaves best.safetensors.
inline void train(const std::string& folder) {
  serial_executor serial;
  const clevr_vocabulary v;
  const auto set = v.encode_for<net>(dataset(22));
  run_options o;
  o.folder = folder;
  o.epochs = 4;
  o.batch = 8;
  o.schedule = make_schedule("constant", {.base = 1e-3});
  o.training.instructions = isa::portable;
  o.quiet = true;
  o.settings["model"] = "small";
  v.save(o.settings);
  const scene_task<net, object, word> task(set, set, clevr::scheme_of(v.answers));
  training_run t(task, o, serial);
  t.run();
}

}  // namespace small_clevr
