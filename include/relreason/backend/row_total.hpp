// relreason/backend/row_total.hpp -- how many rows a sum over all of them counts: known when it is called, or only when a captured step runs.
#pragma once

#include "relreason/backend/host_device.hpp"

namespace relreason {

// rows, or of them only the first per * *live. On the CPU live is null: all count.
struct row_total {
  int rows = 0;
  const int* live = nullptr;
  int per = 1;
  RELREASON_HD constexpr int now() const { return live ? *live * per : rows; }
};

}  // namespace relreason
