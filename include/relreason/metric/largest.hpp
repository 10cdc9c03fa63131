// relreason/metric/largest.hpp -- which of some logits is the largest, and the position of one among them; on the host and on a GPU.
// Source: the report of "Re-implementing and Extending Relation Network for R-CBIR", where the answer is the largest of 28 logits.
#pragma once

#include "relreason/backend/host_device.hpp"

namespace relreason::metric {

// The position of the label among n logits from the largest down; of equal logits the lower index comes first.
// Logits that are not numbers come last, and a label whose own logit is none is never found: position n.
template <class T>
RELREASON_HD int rank_of(const T* logits, int n, int label) {
  const T own = logits[label];
  if (own != own) return n;
  int rank = 0;
  for (int i = 0; i < n; ++i) rank += logits[i] > own || (logits[i] == own && i < label);
  return rank;
}

// The index of the largest of n logits, the lowest of equals; -1 if none is a number.
template <class T>
RELREASON_HD int largest_of(const T* logits, int n) {
  int best = -1;
  for (int i = 0; i < n; ++i)
    if (logits[i] == logits[i] && (best < 0 || logits[i] > logits[best])) best = i;
  return best;
}

// Of some logits the largest, and where the label stands among them.
struct verdict {
  int largest, rank;
};
template <class T>
RELREASON_HD verdict verdict_of(const T* logits, int n, int label) {
  return {largest_of(logits, n), rank_of(logits, n, label)};
}

}  // namespace relreason::metric
