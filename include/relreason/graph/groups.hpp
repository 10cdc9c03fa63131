// relreason/graph/groups.hpp -- index arrays of a tile: an operation fills them on the host, the backend's primitives read them.
#pragma once

namespace relreason {

// On the CPU both point to the same numbers; on a device `at` is a copy made before the step.
template <class V>
struct staged {
  V* host = nullptr;
  const V* at = nullptr;
};

// Which group each of some rows belongs to, or -1: to none. A device also lists the rows of each group, in order, so that sums need no atomics.
struct row_groups {
  staged<int> of, start, order;           // of: by row; start: groups + 1 places in order; order: rows
  int rows = 0, groups = 0, longest = 0;  // longest: a device's, rows of the largest group
};

}  // namespace relreason
