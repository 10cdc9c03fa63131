// relreason/core/batch.hpp -- a batch of graphs, packed: the rows of all graphs stand in one array, with offsets; nothing is padded.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/limits.hpp"
#include "relreason/core/rows_view.hpp"

namespace relreason {

// Rows of one space. Entry p of the parent space owns rows offsets[p] .. offsets[p + 1].
struct space_rows {
  std::vector<int> offsets{0};
  std::vector<int> senders, receivers;  // links: rows of the whole batch
  std::vector<int> index;               // some: rows of the whole batch
  int padded = 0;                       // pad sequences to this length; 0: to the longest of this batch
};

// The inputs of a model M for some samples. Fill it sample by sample:
//   b.add_sample(); b.count<object>(5); b.push<"o">(values, 5 * 7); ...    clear() keeps the memory.
// or with all rows at once, from arrays of others: b.add_sample(64); b.counts<object>(per_scene); b.push<"o">(rows_view);
template <class M, class T = float>
class batch {
 public:
  int samples = 0;
  std::array<space_rows, static_cast<std::size_t>(M::n_spaces)> spaces;
  std::array<std::vector<T>, static_cast<std::size_t>(M::n)> reals;
  std::array<std::vector<int>, static_cast<std::size_t>(M::n)> indices;
  std::array<std::vector<std::uint8_t>, static_cast<std::size_t>(M::n)> bytes;  // of pixels
  // Inputs of which a device holds all rows: push_rows() notes their numbers alone. trainer::prepare() sets these; clear() leaves them.
  std::array<bool, static_cast<std::size_t>(M::n)> held{};
  std::array<std::vector<int>, static_cast<std::size_t>(M::n)> row_numbers;

  void clear() {
    samples = 0;
    for (auto& s : spaces) {
      s.offsets.assign(1, 0);
      s.senders.clear();
      s.receivers.clear();
      s.index.clear();
    }
    for (auto& r : reals) r.clear();
    for (auto& i : indices) i.clear();
    for (auto& i : bytes) i.clear();
    for (auto& i : row_numbers) i.clear();
  }

  void add_sample(int n = 1) { samples += n; }

  // The next parent of S has n entries.
  template <class S>
  void count(int n) {
    static_assert(M::template space<S>() >= 0, "relreason::batch: the model has no such space");
    static_assert(S::kind == space_kind::each || S::kind == space_kind::links || S::kind == space_kind::some,
                  "relreason::batch: only each, links and some are counted by the batch");
    static_assert(!is_exact<S>, "relreason::batch: the space has exactly as many entries as its type says; nobody counts them");
    auto& o = space<S>().offsets;
    const long long end = static_cast<long long>(o.back()) + n;
    if (!std::in_range<int>(end))
      fail("batch: ", end, " entries of ", space_name<S>(), " in one batch, more than an int counts; use smaller batches");
    o.push_back(static_cast<int>(end));
  }
  // The next parents of S, one number of entries each.
  template <class S, class U>
  void counts(rows_view<U> each) {
    static_assert(std::is_integral_v<U>, "relreason::batch: counts are integers");
    if (each.width != 1) fail("batch: counts<", space_name<S>(), ">: found rows of ", each.width, " values, wanted one count per parent");
    for (int i = 0; i < each.rows; ++i)
      if (!std::in_range<int>(each.data[i])) fail("batch: counts<", space_name<S>(), ">: count ", i, " is ", +each.data[i], ", which is no int");
    for (int i = 0; i < each.rows; ++i) count<S>(static_cast<int>(each.data[i]));
  }
  template <class S>
  void link(int sender, int receiver) {
    space<S>().senders.push_back(sender);
    space<S>().receivers.push_back(receiver);
  }
  template <class S>
  space_rows& space() {
    static_assert(M::template space<S>() >= 0, "relreason::batch: the model has no such space");
    return spaces[static_cast<std::size_t>(M::template space<S>())];
  }
  template <class S>
  const space_rows& space() const {
    return spaces[static_cast<std::size_t>(M::template space<S>())];
  }

  template <name N>
  auto& values() {
    constexpr int at = M::template find<N>();
    static_assert(at >= 0 && M::info[static_cast<std::size_t>(at < 0 ? 0 : at)].kind == line_kind::input,
                  "relreason::batch: the model has no such input");
    if constexpr (M::info[static_cast<std::size_t>(at)].bytes) return bytes[static_cast<std::size_t>(at)];
    else if constexpr (M::info[static_cast<std::size_t>(at)].integral) return indices[static_cast<std::size_t>(at)];
    else return reals[static_cast<std::size_t>(at)];
  }
  template <name N>
  const auto& values() const {
    return const_cast<batch*>(this)->template values<N>();
  }
  template <name N, class U>
  void push(const U* data, std::size_t n) {
    check_kind<N, U>();
    auto& to = values<N>();
    using value = typename std::remove_reference_t<decltype(to)>::value_type;
    static_assert(!std::is_same_v<value, std::uint8_t> || std::is_same_v<std::remove_cv_t<U>, std::uint8_t>,
                  "relreason::batch: this input holds bytes; push std::uint8_t, or a rows_view");
    to.insert(to.end(), data, data + n);
  }
  // Rows of the input's width, in the order of its space; nothing is appended on error. Integers must fit int, finite doubles the model's type.
  template <name N, class U>
  void push(rows_view<U> rows) {
    check_kind<N, U>();
    using value = typename std::remove_reference_t<decltype(values<N>())>::value_type;
    constexpr const line_info& f = M::info[static_cast<std::size_t>(M::template find<N>())];
    static_assert(std::is_integral_v<U> == f.integral, "relreason::batch: indices are pushed as integers, numbers as float or double");
    if (rows.width != f.width) fail("batch: input \"", N.view(), "\": found rows of ", rows.width, " values, wanted ", f.width, " per row");
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!fits<value>(rows.data[i]))
        fail("batch: input \"", N.view(), "\": value ", i % static_cast<std::size_t>(f.width), " of row ", i / static_cast<std::size_t>(f.width),
             " is ", +rows.data[i], ", too large for the model's numbers");
    auto& to = values<N>();
    for (std::size_t i = 0; i < rows.size(); ++i) to.push_back(static_cast<value>(rows.data[i]));
  }
  // Rows first .. first + n of a data set's table (see trainer_options::tables): copies of them, or their numbers where a device holds the table.
  template <name N, class U>
  void push_rows(rows_view<U> table, std::size_t first, std::size_t n) {
    constexpr int at = M::template find<N>();
    using value = typename std::remove_reference_t<decltype(values<N>())>::value_type;
    static_assert(!std::is_same_v<value, int>, "relreason::batch: rows of features and of pixels can stay on a device, indices cannot; push them");
    constexpr int width = M::info[static_cast<std::size_t>(at < 0 ? 0 : at)].width;
    if (table.width != width) fail("batch: input \"", N.view(), "\": found a table of ", table.width, " values per row, wanted ", width);
    const auto rows = static_cast<std::size_t>(table.rows);
    if (first > rows || n > rows - first)
      fail("batch: input \"", N.view(), "\": asked for rows ", first, " to ", first + n, " of a table of ", table.rows);
    if (held[static_cast<std::size_t>(at)])
      for (std::size_t r = first; r < first + n; ++r) row_numbers[static_cast<std::size_t>(at)].push_back(static_cast<int>(r));
    else push<N>(table.data + first * static_cast<std::size_t>(width), n * static_cast<std::size_t>(width));
  }
  template <name N, class U>
  void push(U one) {
    check_kind<N, U>();
    values<N>().push_back(static_cast<typename std::remove_reference_t<decltype(values<N>())>::value_type>(one));
  }

  // Rows of every space; derived offsets, of complete graphs and exactly<...>, go to `pair_offsets` (one run of parents + 1 per such space).
  void extents(extent* e, int* pair_offsets) const {
    for (std::size_t i = 0; i < spaces.size(); ++i) {
      const space_info& s = spaces_of_model<M>[i];
      e[i] = {};
      if (s.kind == space_kind::root) e[i].rows = samples;
      else if (s.kind == space_kind::once_root) e[i].rows = 1;
      else {
        e[i].parents = e[s.parent].rows;
        if (s.kind == space_kind::all_pairs) {
          if (!filled[i]) pair_offsets = pair_extent(e[i], e[s.receiver], e[s.sender], pair_offsets);
        } else if (s.fixed) {
          e[i].offsets = pair_offsets;
          for (int p = 0; p <= e[i].parents; ++p) *pair_offsets++ = p * s.fixed;
          e[i].rows = e[i].parents * s.fixed;
          e[i].padded = s.fixed;
        } else {
          e[i].offsets = spaces[i].offsets.data();
          e[i].rows = spaces[i].offsets.back();
          e[i].senders = spaces[i].senders.data();
          e[i].receivers = spaces[i].receivers.data();
          e[i].index = spaces[i].index.data();
          e[i].padded = spaces[i].padded;
          if (!e[i].padded)
            for (int p = 0; p + 1 < static_cast<int>(spaces[i].offsets.size()); ++p) e[i].padded = std::max(e[i].padded, e[i].count(p));
        }
      }
    }
  }

  static int* pair_extent(extent& pairs, const extent& receivers, const extent& senders, int* offsets) {
    pairs.offsets = offsets;
    int at = 0;
    for (int p = 0; p < pairs.parents; ++p) {
      *offsets++ = at;
      if (receivers.offsets && senders.offsets) at += receivers.count(p) * senders.count(p);
    }
    *offsets++ = at;
    pairs.rows = at;
    return offsets;
  }

  // Rows of a space, by its number in the model; known for every space that no operation fills.
  int rows(int space) const {
    const space_info& s = spaces_of_model<M>[static_cast<std::size_t>(space)];
    if (s.kind == space_kind::root) return samples;
    if (s.kind == space_kind::once_root) return 1;
    if (s.fixed) return s.fixed * rows(s.parent);
    if (s.kind != space_kind::all_pairs) return spaces[static_cast<std::size_t>(space)].offsets.back();
    int n = 0;
    for (int p = 0; p < rows(s.parent); ++p) n += count_of(space, static_cast<std::size_t>(p));
    return n;
  }

  // Every count and every index against the model and the planned capacity.
  void check(const limits<M>& at) const {
    std::array<bool, static_cast<std::size_t>(M::n)> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = M::info[i].kind == line_kind::input;
    check_for(at, all);
  }
  // The same for some of the inputs: a prediction needs no labels.
  // table_rows: of the tables that the reader holds, by input; 0 where it holds none.
  void check_for(const limits<M>& at, const std::array<bool, static_cast<std::size_t>(M::n)>& inputs,
                 const std::array<int, static_cast<std::size_t>(M::n)>& table_rows = {}) const {
    if (samples > at.samples) fail("batch: ", samples, " samples, but ", at.samples, " were planned; raise limits::samples");
    extent e[static_cast<std::size_t>(M::n_spaces)];
    for (std::size_t i = 0; i < spaces.size(); ++i) check_space(i, at, e);
    for (std::size_t i = 0; i < reals.size(); ++i)
      if (inputs[i]) check_held(i, table_rows[i]), check_input(i, e);
  }

 private:
  template <name N, class U>
  static constexpr void check_kind() {
    constexpr int at = M::template find<N>();
    if constexpr (at >= 0)
      static_assert(!M::info[static_cast<std::size_t>(at)].integral || !std::is_floating_point_v<U>,
                    "relreason::batch: this input holds indices; push integers");
  }
  template <class To, class From>
  static bool fits(From value) {
    if constexpr (std::is_integral_v<From>) return std::in_range<To>(value);
    else return sizeof(From) <= sizeof(To) || !std::isfinite(value) || std::abs(value) <= static_cast<From>(std::numeric_limits<To>::max());
  }
  static constexpr auto filled = detail::filled_spaces<M>();

  void check_space(std::size_t i, const limits<M>& at, extent* e) const {
    const space_info& s = spaces_of_model<M>[i];
    const auto label = space_names_of_model<M>[i];
    e[i] = {};
    if (s.kind == space_kind::root) e[i].rows = samples;
    if (s.kind == space_kind::once_root) e[i].rows = 1;
    if (s.parent < 0 || filled[i]) return;
    if (s.kind == space_kind::all_pairs) {
      for (int p = 0; p < e[s.parent].rows; ++p) e[i].rows += count_of(static_cast<int>(i), static_cast<std::size_t>(p));
      return;
    }
    const space_rows& r = spaces[i];
    const int parents = e[s.parent].rows;
    if (s.fixed) {
      e[i].rows = s.fixed * parents;
      return;
    }
    if (static_cast<int>(r.offsets.size()) != parents + 1)
      fail("batch: space ", label, " was counted for ", r.offsets.size() - 1, " parents, but there are ", parents, "; call count<", label,
           ">(n) once per parent");
    for (int p = 0; p < parents; ++p) {
      const int n = r.offsets[static_cast<std::size_t>(p) + 1] - r.offsets[static_cast<std::size_t>(p)];
      if (n < 0) fail("batch: space ", label, " has a negative count at parent ", p);
      const int most = detail::most_per_parent<int>(at, static_cast<int>(i));
      if (most > 0 && n > most)
        fail("batch: ", n, " entries of ", label, " at parent ", p, ", but ", most, " were planned; raise limits::set<", label, ">()");
      if (r.padded > 0 && n > r.padded)
        fail("batch: ", n, " entries of ", label, " at parent ", p, ", but ", label, " is padded to ", r.padded, "; pad to at least the longest");
      if (at.per_parent[i] == 0 && s.kind != space_kind::some)
        fail("batch: no capacity was planned for space ", label, "; call limits::set<", label, ">(n)");
    }
    if (r.padded < 0) fail("batch: ", label, " is padded to ", r.padded, "; wanted a length, or 0 for the longest of the batch");
    if (r.padded > at.per_parent[i])
      fail("batch: ", label, " is padded to ", r.padded, ", but ", at.per_parent[i], " were planned; raise limits::set<", label, ">()");
    e[i].rows = r.offsets.back();
    if (s.kind == space_kind::links) {
      check_index(r, r.senders, label, "senders", s.sender);
      check_index(r, r.receivers, label, "receivers", s.receiver);
    }
    if (s.kind == space_kind::some) check_index(r, r.index, label, "indices", s.whole);
  }
  // Rows of another space must be those of the same parent: tiles see no others.
  void check_index(const space_rows& r, const std::vector<int>& v, std::string_view label, const char* what, int into) const {
    if (static_cast<int>(v.size()) != r.offsets.back())
      fail("batch: space ", label, " has ", v.size(), " ", what, ", its offsets want ", r.offsets.back());
    if (filled[static_cast<std::size_t>(into)]) fail("batch: space ", label, " cannot list rows of a space that an operation fills");
    int begin = 0;
    for (std::size_t p = 0; p + 1 < r.offsets.size(); ++p) {
      const int end = begin + count_of(into, p);
      for (int k = r.offsets[p]; k < r.offsets[p + 1]; ++k)
        if (const int row = v[static_cast<std::size_t>(k)]; row < begin || row >= end)
          fail("batch: entry ", k, " of the ", what, " of ", label, " is ", row, "; parent ", p, " has the rows ", begin, " to ", end - 1);
      begin = end;
    }
  }
  int count_of(int space, std::size_t parent) const {
    const space_info& s = spaces_of_model<M>[static_cast<std::size_t>(space)];
    if (s.kind == space_kind::all_pairs) return count_of(s.receiver, parent) * count_of(s.sender, parent);
    if (s.fixed) return s.fixed;
    const auto& o = spaces[static_cast<std::size_t>(space)].offsets;
    return o[parent + 1] - o[parent];
  }
  void check_held(std::size_t i, int table_rows) const {
    if (held[i] != (table_rows > 0))
      fail("batch: input \"", M::info[i].id.view(), "\" has ", held[i] ? "numbers of rows" : "values", ", but ",
           held[i] ? "no table of them is held here" : "a table of them is held here",
           "; call prepare() of the trainer that is to step before the batch is filled");
    for (const int row : row_numbers[i])
      if (row < 0 || row >= table_rows)
        fail("batch: input \"", M::info[i].id.view(), "\" names row ", row, ", but the table that is held has ", table_rows);
  }
  void check_input(std::size_t i, const extent* e) const {
    const line_info& f = M::info[i];
    const std::size_t wanted = static_cast<std::size_t>(e[f.space].rows) * static_cast<std::size_t>(f.width);
    const std::size_t found = held[i]      ? row_numbers[i].size() * static_cast<std::size_t>(f.width)
                              : f.bytes    ? bytes[i].size()
                              : f.integral ? indices[i].size()
                                           : reals[i].size();
    if (found != wanted)
      fail("batch: input \"", f.id.view(), "\" has ", found, " values; wanted ", e[f.space].rows, " rows of ",
           space_names_of_model<M>[static_cast<std::size_t>(f.space)], " x ", f.width, " = ", wanted);
    const int limit = f.limit;
    for (std::size_t k = 0; k < indices[i].size(); ++k)
      if (indices[i][k] < 0 || indices[i][k] >= limit)
        fail("batch: entry ", k, " of input \"", f.id.view(), "\" is ", indices[i][k], "; wanted 0 to ", limit - 1);
  }
};

}  // namespace relreason
