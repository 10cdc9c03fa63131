// tests/two_flags/exchange.hpp -- what two translation units, compiled with different flags, tell each other about every public type.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "relreason/core/arena.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/optim/any_schedule.hpp"
#include "relreason/train/trainer.hpp"

namespace two_flags {

struct scene : relreason::sample {};
struct object : relreason::each<scene> {};
struct pair : relreason::all_pairs<object> {};
using net = relreason::model<
    relreason::input<"o", relreason::features<7>, object>, relreason::input<"answer", relreason::label<5>, scene>,
    relreason::let<"r", relreason::sum_over<pair, relreason::mlp<relreason::relu<24>, relreason::relu<24>>>, relreason::of<"o", "o">>,
    relreason::let<"a", relreason::mlp<relreason::relu<16>, relreason::linear<5>>, relreason::of<"r">>,
    relreason::minimize<relreason::cross_entropy<>, relreason::of<"a", "answer">>>;
using predictor = relreason::predictor<net, float, "a">;
using trainer = relreason::trainer<net>;

}  // namespace two_flags

// One line per public type that a program may pass from one translation unit to another.
#define TWO_FLAGS_TYPES(X)                 \
  X(relreason::philox::block)              \
  X(relreason::serial_executor)            \
  X(relreason::thread_pool)                \
  X(relreason::memory)                     \
  X(relreason::arena)                      \
  X(relreason::any_schedule)               \
  X(relreason::metric::accuracy)           \
  X(relreason::kernels<float>)             \
  X(relreason::limits<two_flags::net>)     \
  X(relreason::batch<two_flags::net>)      \
  X(relreason::parameters<two_flags::net>) \
  X(two_flags::predictor)                  \
  X(two_flags::predictor::workspace)       \
  X(two_flags::trainer)                    \
  X(relreason::clevr::object)              \
  X(relreason::clevr::scene)               \
  X(relreason::clevr::question)            \
  X(relreason::clevr::program_node)

struct layout {
  const char* type;
  std::size_t size, alignment;
};

// What one unit made: the other reads it, changes it, destroys it.
struct parcel {
  std::vector<relreason::clevr::scene> scenes;
  relreason::memory block;
  std::vector<float> numbers;
  relreason::batch<two_flags::net> batch;
};

struct unit {
  std::vector<layout> layouts;
  parcel (*make)(relreason::executor&);
  double (*read)(const parcel&);
  void (*unmake)(parcel);
  std::unique_ptr<two_flags::trainer> (*make_trainer)(relreason::executor&);
  double (*step)(two_flags::trainer&, const parcel&);
  std::vector<float> (*predict)(const two_flags::trainer&, const parcel&);
};
unit plain_unit();
unit native_unit();
