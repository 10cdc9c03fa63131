// relreason/backend/cuda/pairs.cuh -- the ordered pairs of complete graphs, receivers slowest, without an edge list in the input.
// A pair number becomes (i, j) by division with a precomputed reciprocal; the order is that of message/pair_rows.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relreason/backend/cuda/grouping.cuh"

namespace relreason::device {

struct pair_place {
  std::uint32_t receiver, sender;
};
RELREASON_HD constexpr pair_place pair_of(std::uint32_t pair, const reciprocal& senders) {
  const std::uint32_t receiver = senders.divide(pair);
  return {receiver, pair - receiver * senders.divisor()};
}
RELREASON_HD constexpr std::uint32_t pair_index(pair_place p, const reciprocal& senders) { return p.receiver * senders.divisor() + p.sender; }

namespace pass {

struct pairs_in_graph {
  using result_type = int;
  const int *receiver_start, *sender_start;
  RELREASON_HD int operator()(std::size_t g) const { return (receiver_start[g + 1] - receiver_start[g]) * (sender_start[g + 1] - sender_start[g]); }
};
struct sender_reciprocals {
  const int* sender_start;
  reciprocal* by;
  int* pair_start;
  RELREASON_HD void operator()(std::size_t g) const {
    by[g] = reciprocal(static_cast<std::uint32_t>(sender_start[g + 1] - sender_start[g]));
    if (g == 0) pair_start[0] = 0;
  }
};
struct complete_pairs {
  int n_graphs;
  const int *receiver_start, *sender_start, *pair_start;
  const reciprocal* by;
  int *receiver, *sender, *graph;
  RELREASON_HD void operator()(std::size_t i) const {
    const int row = static_cast<int>(i);
    if (row >= pair_start[n_graphs]) {
      receiver[i] = sender[i] = 0;
      graph[i] = n_graphs;
      return;
    }
    const int g = group_of(pair_start, n_graphs, row);
    const pair_place p = pair_of(static_cast<std::uint32_t>(row - pair_start[g]), by[g]);
    receiver[i] = receiver_start[g] + static_cast<int>(p.receiver);
    sender[i] = sender_start[g] + static_cast<int>(p.sender);
    graph[i] = g;
  }
};

}  // namespace pass

// pair_start: n_graphs + 1 first rows; row pair_start[g] + a n_senders + b is the pair of graph g's receiver a and sender b.
// From pair_start[n_graphs] to `most` rows: receiver and sender 0, graph n_graphs. In all fewer than 2^31 pairs.
template <class System>
void complete_pairs(const System& system, int n_graphs, const int* receiver_start, const int* sender_start, std::size_t most, int* pair_start,
                    int* receiver, int* sender, int* graph, temporary& scratch) {
  const auto n = static_cast<std::size_t>(n_graphs);
  if (n == 0) each(system, 1, pass::fill<int>{pair_start, 0});
  const temporary_array<reciprocal> by(scratch, n);
  each(system, n, pass::sender_reciprocals{sender_start, by.data(), pair_start});
  const auto count = thrust::make_transform_iterator(thrust::counting_iterator<std::size_t>(0), pass::pairs_in_graph{receiver_start, sender_start});
  thrust::inclusive_scan(policy_with(system, scratch), count, count + n_graphs, pair_start + 1);
  each(system, most, pass::complete_pairs{n_graphs, receiver_start, sender_start, pair_start, by.data(), receiver, sender, graph});
}

}  // namespace relreason::device
