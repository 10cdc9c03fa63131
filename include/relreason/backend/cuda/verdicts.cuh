// relreason/backend/cuda/verdicts.cuh -- rows of logits judged on a device: what a validation asks of them is copied back, and they are not.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "relreason/backend/cuda/elements.cuh"
#include "relreason/backend/cuda/segments.cuh"
#include "relreason/backend/cuda/storage.cuh"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/metric/largest.hpp"

namespace relreason::device {

namespace pass {

template <class T>
struct judge {
  const T* logits;
  const int* label;
  metric::verdict* to;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    if (label[i] >= 0) to[i] = metric::verdict_of(logits + i * static_cast<std::size_t>(width), width, label[i]);
  }
};
// 0 where there is no label.
template <class T>
struct labeled_loss {
  relreason::detail::cross_entropy_loss<T> row;
  RELREASON_HD double operator()(std::size_t i) const { return row.label[i] >= 0 ? row(i) : 0; }
};

}  // namespace pass

// tell(labels), then enqueue() on the stream, which may be captured for this number of rows; after the stream take().
template <class System>
class row_verdicts {
  using store = storage<System>;

 public:
  row_verdicts(const System& on, std::size_t most_rows, const std::string& hint)
      : most_(most_rows), label_staging_(most_rows * sizeof(int)), staging_(sizeof(double) + most_rows * sizeof(metric::verdict)) {
    arena measure;
    lay_out(measure);
    block_ = store::make(on, measure.peak() + 64, "verdicts on rows", hint);
    arena real(block_.data(), block_.bytes());
    lay_out(real);
    store::wait(on);
  }
  row_verdicts(const row_verdicts&) = delete;
  row_verdicts& operator=(const row_verdicts&) = delete;

  void tell(const std::vector<int>& labels) {
    int* to = reinterpret_cast<int*>(label_staging_.data());
    std::fill(std::copy(labels.begin(), labels.end(), to), to + most_, -1);  // rows beyond the batch's
  }
  // rows: of the logits, at least as many as there are labels.
  template <class T>
  void enqueue(const System& on, const T* logits, std::size_t rows, int width, scratch_memory<System>& scratch) {
    store::copy(on, label_, label_staging_.data(), rows * sizeof(int));
    device::fill(on, 1, loss_, 0.0);
    each(on, rows, pass::judge<T>{logits, label_, verdict_, width});
    const pass::labeled_loss<T> loss{{logits, label_, nullptr, nullptr, nullptr, width, 0., T{}}};
    device::sum(on, rows, loss, loss_, scratch.at_least(on, sum_scratch(rows)));
    store::copy(on, staging_.data(), loss_, sizeof(double));
    store::copy(on, staging_.data() + sizeof(double), verdict_, rows * sizeof(metric::verdict));
  }
  // The sum of cross-entropies; a verdict for each label.
  double take(metric::verdict* to, std::size_t labels) const {
    std::copy_n(reinterpret_cast<const metric::verdict*>(staging_.data() + sizeof(double)), labels, to);
    return *reinterpret_cast<const double*>(staging_.data());
  }

 private:
  void lay_out(arena& a) {
    label_ = a.take<int>(most_);
    verdict_ = a.take<metric::verdict>(most_);
    loss_ = a.take<double>(1);
  }

  std::size_t most_;
  typename store::block block_;
  typename store::staging label_staging_, staging_;
  int* label_ = nullptr;
  metric::verdict* verdict_ = nullptr;
  double* loss_ = nullptr;
};

}  // namespace relreason::device
