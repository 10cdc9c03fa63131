// bench/compile_time/rn_step.cpp -- one Relation Network and its training step, with batches filled by the host program.
#include <cstdio>

#include "relreason/models/relation_network.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;
using rn = models::rn_state<>;

int main() {
  limits<rn> at;
  at.samples = 640;
  at.set<models::object>(10).set<models::word>(30);
  thread_pool threads;
  trainer<rn> t(at, threads, {});
  batch<rn> b;
  std::printf("%f\n", t.step(b, 1e-4));
}
