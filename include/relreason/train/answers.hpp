// relreason/train/answers.hpp -- values of a model for batches, wherever they are computed: what a task is given to validate with. Rows of logits can
// be judged there, so that nothing but verdicts is copied.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/metric/largest.hpp"

namespace relreason {

// The first loss that reads Value first and judges it, by its place in the list; -1 where there is none.
template <class M, name Value>
inline constexpr int judging_line = []<std::size_t... I>(std::index_sequence<I...>) {
  int found = -1;
  const auto look = [&](int i, bool judges) {
    if (const line_info& f = M::info[static_cast<std::size_t>(i)];
        judges && found < 0 && f.kind == line_kind::minimize && f.reads[0] == M::template find<Value>())
      found = i;
  };
  (look(static_cast<int>(I), M::template line_at<static_cast<int>(I)>::bound::judges), ...);
  return found;
}
(std::make_index_sequence<static_cast<std::size_t>(M::n)>{});

// The input of labels with which that loss compares, one for each row of logits; -1 where there is none.
template <class M, name Value>
inline constexpr int judging_label = [] {
  constexpr int value = M::template find<Value>(), by = judging_line<M, Value>;
  if constexpr (by < 0) return -1;
  else {
    constexpr line_info rows = M::info[static_cast<std::size_t>(value)], loss = M::info[static_cast<std::size_t>(by)];
    if (loss.n_reads < 2) return -1;
    const line_info& label = M::info[static_cast<std::size_t>(loss.reads[1])];
    return label.kind == line_kind::input && label.integral && !label.bytes && label.width == 1 && label.limit <= rows.width &&
                   label.space == rows.space
               ? loss.reads[1]
               : -1;
  }
}();

// Whether Label is an input of indices.
template <class M, name Label>
inline constexpr bool has_labels = [] {
  constexpr int at = M::template find<Label>();
  const line_info& f = M::info[static_cast<std::size_t>(at < 0 ? 0 : at)];
  return at >= 0 && f.kind == line_kind::input && f.integral && !f.bytes;
}();

// answers(batch, rows): the rows of one value for the whole batch, of at most `samples`. Holds for the weights from which it was made.
template <class M>
struct answers_of {
  int samples = 0;
  std::function<void(const batch<M>&, float* rows)> run;
  // A verdict on each row of line `judged`, by the labels of judging_label, and the sum of the rows' cross-entropy; null where copied rows are judged
  // as well.
  std::function<double(const batch<M>&, metric::verdict*)> judge = {};
  int judged = -1;
  void operator()(const batch<M>& b, float* rows) const { run(b, rows); }
};

// Judges rows of Value by the labels of Label, where the rows are computed or else here. One caller at a time.
template <class M, name Value, name Label>
class row_judge {
  static_assert(M::template find<Value>() >= 0 && M::template find<Label>() >= 0 && has_labels<M, Label>,
                "relreason::row_judge: it takes a value of the model, its logits, and an input of labels");

 public:
  explicit row_judge(answers_of<M> answers) : answers_(std::move(answers)) {}

  int samples() const { return answers_.samples; }
  // One for each row, until the next call. Adds the rows' cross-entropy to *loss, if it is there: row by row, or a batch's sum from elsewhere.
  const std::vector<metric::verdict>& operator()(const batch<M>& b, double* loss = nullptr) {
    const auto rows = static_cast<std::size_t>(b.rows(logits.space));
    verdicts_.resize(rows);
    if constexpr (judging_label<M, Value> == M::template find<Label>()) {
      if (answers_.judge && answers_.judged == M::template find<Value>()) {
        const double sum = answers_.judge(b, verdicts_.data());
        if (loss) *loss += sum;
        return verdicts_;
      }
    }
    const auto width = static_cast<std::size_t>(logits.width);
    rows_.resize(rows * width);
    answers_(b, rows_.data());
    const std::vector<int>& label = b.template values<Label>();
    if (label.size() != rows) fail("row_judge: input \"", Label.view(), "\" has ", label.size(), " labels for ", rows, " rows of logits");
    for (std::size_t i = 0; i < rows; ++i) {
      if (label[i] < 0 || label[i] >= logits.width)
        fail("row_judge: entry ", i, " of input \"", Label.view(), "\" is ", label[i], "; wanted 0 to ", logits.width - 1);
      const float* row = rows_.data() + i * width;
      verdicts_[i] = metric::verdict_of(row, logits.width, label[i]);
      if (loss) *loss += log_sum_exp(row, logits.width) - static_cast<double>(row[label[i]]);
    }
    return verdicts_;
  }

 private:
  static constexpr line_info logits = M::info[static_cast<std::size_t>(M::template find<Value>())];
  answers_of<M> answers_;
  std::vector<float> rows_;
  std::vector<metric::verdict> verdicts_;
};

// On the CPU. Weights, kernel and threads must outlive it.
template <name Value, class M>
answers_of<M> answers_on_cpu(const parameters<M>& weights, const limits<M>& at, const kernels<float>& kernel, executor& threads) {
  using predictor_type = predictor<M, float, Value>;
  struct ready {
    predictor_type predict;
    typename predictor_type::workspace own;
    ready(const parameters<M>& w, const limits<M>& l, const kernels<float>& k, executor& e) : predict(w, l, k), own(predict, &e) {}
  };
  const auto shared = std::make_shared<ready>(weights, at, kernel, threads);
  return {at.samples, [shared](const batch<M>& b, float* rows) { shared->predict.run(shared->own, b, {rows}); }};
}

}  // namespace relreason
