// relreason/retrieval/exact_search.hpp -- the k nearest rows of a gallery for each query, exactly, on the register kernel.
// Products of queries and gallery come tile by tile and are never kept; what a float can not tell apart is decided by distances in double.
//
// Score: s = q g - |g|^2 / 2 with both moved by the gallery's mean (l2), or q g / (|q| |g|) (cosine); large is near. Computed in float its error
// is at most e = (width + 17) 2^-24 1.01 (|q| |g| + |g|^2 / 2) and what error_of() adds; operands rounded to bf16 add 2^-8 |q| |g|. With T the
// k-th largest s - e so far, a row with s + e < T is not among the k nearest; all others are candidates, whose distances are computed from the
// original rows. So results have the same bits whatever instructions and precision the scores are made with.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/arena.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/retrieval/candidates.hpp"
#include "relreason/retrieval/feature_distance.hpp"
#include "relreason/retrieval/neighbors.hpp"

namespace relreason::retrieval {

// The gallery's rows are not copied as they are: they must stay, unchanged, as long as the index. It keeps a packed copy of its own.
class exact_index {
 public:
  // Scores are made in bf16 where the processor has its products (twice as fast), else in float; only speed depends on it.
  explicit exact_index(rows_view<const float> gallery, feature_distance kind = feature_distance::l2, isa wanted = isa::automatic)
      : exact_index(gallery, kind, wanted, cpu::resolve(wanted) == isa::avx512 && supports_bf16() ? precision::bf16 : precision::full) {}
  exact_index(rows_view<const float> gallery, feature_distance kind, isa wanted, precision scores)
      : exact_(gallery, kind, wanted), kernels_(&select_kernels<float>(wanted, scores)), rounded_(scores != precision::full) {
    if (gallery.rows == 0) fail("exact_index: the gallery is empty, wanted at least one row of features");
    pack();
  }

  int size() const { return exact_.gallery().rows; }
  int width() const { return exact_.gallery().width; }
  feature_distance kind() const { return exact_.kind(); }

  // The k nearest of each query, nearest first, equal ones by index; the same for any number of threads. leave_out[i], if given, is the row
  // that query i must not find (itself), or -1. Where there are fewer than k rows, results end with index -1 at distance infinity.
  neighbors search(rows_view<const float> queries, int k, executor& threads, std::span<const int> leave_out = {}) const {
    check_search("exact_index::search", queries, k, leave_out, size(), width());
    neighbors found(queries.rows, std::min(k, size()));
    if (queries.rows == 0) return found;
    const plan p(*this, queries.rows, found.k, threads.threads());
    std::vector<neighbors> parts(static_cast<std::size_t>(p.parts > 1 ? p.parts : 0), neighbors(queries.rows, found.k));
    failure first;
    threads.parallel_for(p.tiles * p.parts, [&](int task) {
      first.guard([&] {
        const int tile = task / p.parts, part = task % p.parts;
        run(p, queries, leave_out, tile, part, p.parts > 1 ? parts[static_cast<std::size_t>(part)] : found);
      });
    });
    first.rethrow();
    if (p.parts > 1) found.merge(parts);
    return found;
  }

 private:
  static constexpr int block_columns = 256;
  static constexpr float unit = 0x1p-24f;

  // How the work is cut: rows of queries by parts of the gallery. Results do not depend on it.
  struct plan {
    int tile_rows, tiles, parts, k;
    plan(const exact_index& index, int queries, int k_, int threads) : k(k_) {
      constexpr int share = 512 * 1024, most = 240;  // bytes of queries that stay in L2 beside a panel of the gallery
      const int fits = std::clamp(share / static_cast<int>(sizeof(float)) / std::min(index.depth(), share) / 12 * 12, 12, most);
      tiles = (queries + fits - 1) / fits;
      if (tiles > threads) tiles = (tiles + threads - 1) / threads * threads;
      parts = tiles < threads ? std::min((threads + tiles - 1) / tiles, index.blocks()) : 1;
      tile_rows = (queries + tiles - 1) / tiles;
      tiles = (queries + tile_rows - 1) / tile_rows;
    }
  };

  int blocks() const { return (size() + block_columns - 1) / block_columns; }
  int columns_of(int block) const { return std::min(block_columns, size() - block * block_columns); }
  const float* packed(int block) const { return packed_.as<float>() + block_floats_ * static_cast<std::size_t>(block); }

  // Every row is followed by two ones, which meet a query's threshold in two parts, each exact in bf16.
  int depth() const { return width() + 2; }

  // Blocks of 256 rows, each moved by the mean or made of length 1.
  void pack() {
    const std::size_t rows = static_cast<std::size_t>(size()), depth = static_cast<std::size_t>(this->depth());
    if (kind() == feature_distance::l2) set_mean();
    block_floats_ = kernels_->packed_bytes(static_cast<int>(depth), block_columns) / sizeof(float);
    packed_ = memory(block_floats_ * static_cast<std::size_t>(blocks()) * sizeof(float));
    minus_half_squares_.resize(rows);
    longest_.resize(static_cast<std::size_t>(blocks()));
    std::vector<float> moved(block_columns * depth);
    for (int b = 0; b < blocks(); ++b) {
      for (int c = 0; c < columns_of(b); ++c) {
        const int j = b * block_columns + c;
        float* row = moved.data() + static_cast<std::size_t>(c) * depth;
        move(exact_.gallery().row(j), row);
        const double square = squared_norm(row);
        row[width()] = row[width() + 1] = 1;
        minus_half_squares_[static_cast<std::size_t>(j)] = kind() == feature_distance::l2 ? static_cast<float>(-square / 2) : 0.f;
        double& longest = longest_[static_cast<std::size_t>(b)];
        longest = std::max(longest, std::sqrt(square));
      }
      kernels_->pack(moved.data(), static_cast<std::ptrdiff_t>(depth), false, static_cast<int>(depth), columns_of(b),
                     packed_.as<float>() + block_floats_ * static_cast<std::size_t>(b));
    }
  }

  void set_mean() {
    mean_.assign(static_cast<std::size_t>(width()), 0);
    for (int j = 0; j < size(); ++j) {
      const float* g = exact_.gallery().row(j);
      for (std::size_t c = 0; c < mean_.size(); ++c) mean_[c] += g[c];
    }
    for (double& m : mean_) m /= size();
  }

  void move(const float* from, float* to) const {
    if (kind() == feature_distance::l2) {
      for (std::size_t c = 0; c < mean_.size(); ++c) to[c] = static_cast<float>(from[c] - mean_[c]);
      return;
    }
    const double length = std::sqrt(exact_.squared_norm(from));
    for (int c = 0; c < width(); ++c) to[c] = length > 0 ? static_cast<float>(from[c] / length) : 0.f;
  }

  // Of a score in a block whose longest row is `longest`; `threshold` is the number that was taken off and added again.
  double error_of(double query_square, double longest, double threshold) const {
    const double scale = width() + 17, half = kind() == feature_distance::l2 ? longest * longest / 2 : 0;
    const double product = std::sqrt(query_square) * longest;
    double e = scale * double{unit} * 1.01 * (product + half);
    if (rounded_) e += (0x1p-8 + 0x1p-17) * product;                        // of two operands, 2^-9 each
    e += 0x1p-17 * std::abs(threshold);                                     // the threshold's two parts, and rounding when they are taken off
    e += scale * 0x1p-51 * query_square;                                    // rounding of the distances in double
    return e + scale * 0x1p-125 * (1 + std::sqrt(query_square) + longest);  // numbers below the least float
  }

  struct one_query {
    const float* row;
    double moved_square, square;  // of the norms of the row that is multiplied, and of the row as it is (for cosine)
    int skipped;
    candidate_list list;
  };
  struct workspace {
    int rows, depth;
    float *x, *y, *taken_off;  // (rows, depth), (rows, block_columns), (rows)
    std::uint32_t* bits;       // (rows, block_columns / 32)
    std::byte* kernel;
  };
  workspace take(arena& a, int rows) const {
    const auto n = static_cast<std::size_t>(rows), depth = static_cast<std::size_t>(this->depth());
    workspace w{rows, this->depth(), a.take<float>(n * depth), a.take<float>(n * block_columns), a.take<float>(n), nullptr, nullptr};
    w.bits = a.take<std::uint32_t>(n * (block_columns / 32));
    w.kernel = a.take<std::byte>(kernels_->workspace_bytes(rows, w.depth, block_columns));
    return w;
  }

  struct exactly {
    const distance_to_rows& rows;
    const one_query& query;
    double operator()(int j) const { return rows(query.row, query.square, j); }
    void prefetch(int j) const { rows.prefetch(j); }
  };

  // One tile of queries against one part of the gallery.
  void run(const plan& p, rows_view<const float> queries, std::span<const int> leave_out, int tile, int part, neighbors& to) const {
    const int first = tile * p.tile_rows, rows = std::min(p.tile_rows, queries.rows - first);
    arena measured;
    take(measured, rows);
    const memory block(measured.peak());
    arena cursor(block.data(), block.bytes());
    const workspace w = take(cursor, rows);
    std::vector<one_query> tile_queries;
    tile_queries.reserve(static_cast<std::size_t>(rows));
    for (int r = 0; r < rows; ++r) {
      const float* row = queries.row(first + r);
      float* x = w.x + static_cast<std::ptrdiff_t>(r) * w.depth;
      move(row, x);
      x[width()] = x[width() + 1] = 0;
      const double square = kind() == feature_distance::cosine ? exact_.squared_norm(row) : 0;
      const int skipped = leave_out.empty() ? -1 : leave_out[static_cast<std::size_t>(first + r)];
      tile_queries.push_back({row, squared_norm(x), square, skipped, candidate_list(p.k, size())});
    }
    for (int b = blocks() * part / p.parts; b < blocks() * (part + 1) / p.parts; ++b) {
      multiply(w, b, tile_queries);
      for (int r = 0; r < rows; ++r) collect(w, b, r, tile_queries[static_cast<std::size_t>(r)]);
    }
    for (int r = 0; r < rows; ++r) {
      one_query& q = tile_queries[static_cast<std::size_t>(r)];
      to.set(first + r, q.list.finish(exactly{exact_, q}));
    }
  }

  // y = scores less thresholds; one bit for each that is above 0.
  void multiply(const workspace& w, int b, const std::vector<one_query>& queries) const {
    for (int r = 0; r < w.rows; ++r) {
      const one_query& q = queries[static_cast<std::size_t>(r)];
      const double t = q.list.threshold();
      const double least = q.list.open() ? 0 : t - error_of(q.moved_square, longest_[static_cast<std::size_t>(b)], t);
      const float most_of_it = cpu::rounded_to_bf16(static_cast<float>(least)), rest = cpu::rounded_to_bf16(static_cast<float>(least - most_of_it));
      float* x = w.x + static_cast<std::ptrdiff_t>(r) * w.depth + width();
      x[0] = -most_of_it;
      x[1] = -rest;
      w.taken_off[r] = most_of_it + rest;
    }
    affine_args<float> a;
    a.rows = w.rows;
    a.k = w.depth;
    a.n = columns_of(b);
    a.x = w.x;
    a.ldx = w.depth;
    a.w.packed = packed(b);
    a.bias = minus_half_squares_.data() + static_cast<std::ptrdiff_t>(b) * block_columns;
    a.y = w.y;
    a.ldy = block_columns;
    a.bits = w.bits;
    a.ldbits = block_columns / 32;
    a.workspace = w.kernel;
    kernels_->affine(a);
  }

  void collect(const workspace& w, int b, int r, one_query& q) const {
    const float* y = w.y + static_cast<std::ptrdiff_t>(r) * block_columns;
    const std::uint32_t* bits = w.bits + static_cast<std::ptrdiff_t>(r) * (block_columns / 32);
    const double taken_off = w.taken_off[r], e = error_of(q.moved_square, longest_[static_cast<std::size_t>(b)], taken_off);
    const int columns = columns_of(b);
    const bool open = q.list.open();
    const exactly decide{exact_, q};
    for (int word = 0; word * 32 < columns; ++word) {
      std::uint32_t left = open ? cpu::live_columns(columns, word * 32) : bits[word];
      for (; left != 0; left &= left - 1) {
        const int c = word * 32 + std::countr_zero(left), j = b * block_columns + c;
        if (j != q.skipped) q.list.add(y[c] + taken_off, e, j, decide);
      }
    }
    if (open) q.list.close_if_full();
  }

  double squared_norm(const float* moved) const { return exact_.squared_norm(moved); }

  distance_to_rows exact_;
  const kernels<float>* kernels_;
  bool rounded_;
  std::vector<double> mean_;
  memory packed_;
  std::size_t block_floats_ = 0;
  std::vector<float> minus_half_squares_;
  std::vector<double> longest_;  // of each block
};

}  // namespace relreason::retrieval
