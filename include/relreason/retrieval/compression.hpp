// relreason/retrieval/compression.hpp -- smaller features: principal components, and bits of locality-sensitive hashing.
// Source: Pearson 1901; Charikar, STOC 2002, with a random rotation and the training medians as thresholds (as FAISS's IndexLSH).
#pragma once

#include <Eigen/Eigenvalues>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/retrieval/feature_distance.hpp"

namespace relreason::retrieval {

namespace detail {

// y_i = W x_i - shift in double.    x: (rows, in)  W: (out, in)  to: (rows, out)
template <class T>
void project_rows(rows_view<const float> x, const std::vector<float>& w, const std::vector<double>& shift, executor& threads, std::vector<T>& to) {
  const sums& with = select_sums(isa::automatic);
  const std::size_t out = shift.size(), in = static_cast<std::size_t>(x.width);
  to.resize(static_cast<std::size_t>(x.rows) * out);
  threads.parallel_for(x.rows, [&](int i) {
    for (std::size_t c = 0; c < out; ++c)
      to[static_cast<std::size_t>(i) * out + c] = static_cast<T>(with.product(x.row(i), w.data() + c * in, in) - shift[c]);
  });
}

inline void check_projected(const char* who, rows_view<const float> x, int width) {
  if (x.width != width) fail(who, ": found rows of ", x.width, " values, wanted ", width, " as in training");
  check_features(who, x, "rows");
}

}  // namespace detail

// The `dimensions` directions of largest variance. Each has its largest entry (the first of equals) positive, so the same data give the
// same components.
class principal_components {
 public:
  principal_components(rows_view<const float> training, int dimensions) : width_(training.width) {
    check_features("principal_components", training, "training rows");
    if (training.rows < 2) fail("principal_components: found ", training.rows, " training rows, wanted at least 2");
    if (dimensions < 1 || dimensions > width_)
      fail("principal_components: found ", dimensions, " dimensions, wanted 1 to ", width_, ", the width of the features");
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(covariance(training));
    if (solved.info() != Eigen::Success) fail("principal_components: the eigenvalues of the covariance did not converge; check the features");
    total_ = std::max(solved.eigenvalues().sum(), 0.);
    for (int c = 0; c < dimensions; ++c) take(solved.eigenvectors().col(width_ - 1 - c), solved.eigenvalues()[width_ - 1 - c]);
  }

  int width() const { return width_; }
  int dimensions() const { return static_cast<int>(variances_.size()); }
  const std::vector<double>& variances() const { return variances_; }  // falling
  rows_view<const float> components() const { return {directions_.data(), dimensions(), width_}; }
  // Share of the training rows' variance that the components keep; 1 where there is none.
  double explained() const {
    double kept = 0;
    for (const double v : variances_) kept += v;
    return total_ > 0 ? kept / total_ : 1;
  }

  // (x - mean) along each component: (rows, dimensions)
  std::vector<float> project(rows_view<const float> x, executor& threads) const {
    detail::check_projected("principal_components::project", x, width_);
    std::vector<float> to;
    detail::project_rows(x, directions_, shift_, threads, to);
    return to;
  }

 private:
  // 1 / (rows - 1) sum (x - mean)(x - mean)^T, in blocks of rows; only the lower half is filled
  Eigen::MatrixXd covariance(rows_view<const float> x) {
    constexpr int block = 256;
    using features = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
    mean_ = Eigen::VectorXd::Zero(width_);
    for (int i = 0; i < x.rows; ++i) mean_ += features(x.row(i), 1, width_).row(0).transpose().cast<double>();
    mean_ /= x.rows;
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(width_, width_);
    for (int i = 0; i < x.rows; i += block) {
      const Eigen::MatrixXd moved = features(x.row(i), std::min(block, x.rows - i), width_).cast<double>().rowwise() - mean_.transpose();
      sum.selfadjointView<Eigen::Lower>().rankUpdate(moved.transpose());
    }
    return sum / (x.rows - 1);
  }

  template <class Column>
  void take(const Column& direction, double variance) {
    int largest = 0;
    for (int c = 1; c < width_; ++c)
      if (std::abs(direction[c]) > std::abs(direction[largest])) largest = c;
    const double sign = direction[largest] < 0 ? -1 : 1;
    double shift = 0;
    for (int c = 0; c < width_; ++c) {
      directions_.push_back(static_cast<float>(sign * direction[c]));
      shift += double{directions_.back()} * mean_[c];
    }
    shift_.push_back(shift);
    variances_.push_back(std::max(variance, 0.));
  }

  int width_;
  double total_ = 0;
  Eigen::VectorXd mean_;
  std::vector<float> directions_;  // (dimensions, width)
  std::vector<double> shift_, variances_;
};

// Codes of equal length; near ones differ in few bits.
struct binary_codes {
  int rows = 0, bits = 0;
  std::vector<std::uint64_t> words;  // (rows, words_per_row); unused high bits are 0

  std::size_t words_per_row() const { return (static_cast<std::size_t>(bits) + 63) / 64; }
  std::span<const std::uint64_t> row(int i) const { return {words.data() + static_cast<std::size_t>(i) * words_per_row(), words_per_row()}; }
  // Bits in which two codes differ.
  static int hamming(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
    int differ = 0;
    for (std::size_t w = 0; w < a.size(); ++w) differ += std::popcount(a[w] ^ b[w]);
    return differ;
  }
  int distance(int i, int j) const { return hamming(row(i), row(j)); }
};

// bit b = r_b x >= the median of r_b x over the training rows. The r_b are rows of a random rotation: of length 1, and at right angles as long
// as there are no more bits than features; beyond that the columns are.
class lsh {
 public:
  lsh(rows_view<const float> training, int bits, std::uint64_t seed, executor& threads) : width_(training.width) {
    constexpr int most = 1 << 16;
    check_features("lsh", training, "training rows");
    if (training.rows < 1) fail("lsh: found no training rows, wanted at least one");
    if (bits < 1 || bits > most) fail("lsh: found ", bits, " bits, wanted 1 to ", most);
    make_rotation(static_cast<std::size_t>(bits), static_cast<std::size_t>(width_), seed);
    thresholds_.assign(static_cast<std::size_t>(bits), 0);
    std::vector<double> y;
    detail::project_rows(training, rotation_, thresholds_, threads, y);
    std::vector<double> column(static_cast<std::size_t>(training.rows));
    const auto middle = column.begin() + training.rows / 2;
    for (std::size_t b = 0; b < thresholds_.size(); ++b) {
      for (std::size_t i = 0; i < column.size(); ++i) column[i] = y[i * thresholds_.size() + b];
      std::nth_element(column.begin(), middle, column.end());
      thresholds_[b] = *middle;
    }
  }

  int width() const { return width_; }
  int bits() const { return static_cast<int>(thresholds_.size()); }
  rows_view<const float> rotation() const { return {rotation_.data(), bits(), width_}; }

  binary_codes encode(rows_view<const float> x, executor& threads) const {
    detail::check_projected("lsh::encode", x, width_);
    std::vector<double> y;
    detail::project_rows(x, rotation_, thresholds_, threads, y);
    binary_codes codes{x.rows, bits(), {}};
    codes.words.assign(static_cast<std::size_t>(x.rows) * codes.words_per_row(), 0);
    for (std::size_t i = 0; i < static_cast<std::size_t>(x.rows); ++i)
      for (std::size_t b = 0; b < thresholds_.size(); ++b)
        codes.words[i * codes.words_per_row() + b / 64] |= std::uint64_t{y[i * thresholds_.size() + b] >= 0} << b % 64;
    return codes;
  }

 private:
  // The shorter side's vectors are made orthogonal (Gram and Schmidt, twice).
  void make_rotation(std::size_t bits, std::size_t width, std::uint64_t seed) {
    const std::size_t vectors = std::min(bits, width), length = std::max(bits, width);
    std::vector<double> v(vectors * length);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = philox::normal(seed, stream_of("lsh rotation"), i);
    for (std::size_t a = 0; a < vectors; ++a) {
      double* x = v.data() + a * length;
      for (int pass = 0; pass < 2; ++pass) {
        for (std::size_t b = 0; b < a; ++b) {
          const double* y = v.data() + b * length;
          double along = 0;
          for (std::size_t i = 0; i < length; ++i) along += x[i] * y[i];
          for (std::size_t i = 0; i < length; ++i) x[i] -= along * y[i];
        }
        double square = 0;
        for (std::size_t i = 0; i < length; ++i) square += x[i] * x[i];
        for (std::size_t i = 0; i < length; ++i) x[i] /= std::sqrt(square);
      }
    }
    rotation_.resize(bits * width);
    for (std::size_t b = 0; b < bits; ++b)
      for (std::size_t c = 0; c < width; ++c) rotation_[b * width + c] = static_cast<float>(bits <= width ? v[b * width + c] : v[c * bits + b]);
  }

  int width_;
  std::vector<float> rotation_;  // (bits, width)
  std::vector<double> thresholds_;
};

}  // namespace relreason::retrieval
