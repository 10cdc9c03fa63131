// tests/support/reference.hpp -- PyTorch's numbers (tests/reference/README.md) beside ours.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/train/weights.hpp"

// Both sides compute in double; sums of a few hundred terms differ in their order.
inline constexpr double reference_tolerance = 1e-12;

class reference {
 public:
  explicit reference(const std::string& name) : file_(RELREASON_SOURCE_DIR "/tests/reference/" + name + ".safetensors") {}

  template <class T = double>
  std::vector<T> values(const std::string& name) const {
    std::size_t count = 1;
    for (const auto n : file_.at(name).shape) count *= static_cast<std::size_t>(n);
    std::vector<T> to(count);
    file_.copy_to(name, to.data(), count);
    return to;
  }
  std::vector<int> integers(const std::string& name) const { return values<int>(name); }
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  // Sets every array that has a tensor of its name; others (probes of inputs) are 0.
  template <class M, class T>
  void load(relreason::parameters<M, T>& p, const relreason::name_table& names) const {
    std::fill_n(p.data(), p.learned(), T(0));
    for (const auto& e : p.table().entries)
      if (!names(e.path).starts_with("input.")) file_.copy_to(names(e.path), p.data() + e.offset, e.count);
  }

 private:
  relreason::safetensors::file file_;
};

// The largest gap, relative to max(1, |wanted|).
template <class A, class B>
double gap_of(const A* found, const B* wanted, std::size_t n) {
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = static_cast<double>(wanted[i]), gap = std::abs(static_cast<double>(found[i]) - w) / std::max(1.0, std::abs(w));
    worst = std::isfinite(gap) ? std::max(worst, gap) : 1e300;
  }
  return worst;
}

// Runs one step in double. Returns the largest gap of the loss, the wanted values (output.<label>, in order) and every gradient;
// a probe may have more rows than the input that it reads.
template <class M, relreason::name... Wanted>
double reference_gap(const reference& r, const relreason::limits<M>& at, const relreason::batch<M, double>& b, const relreason::name_table& names,
                     const std::array<std::string, sizeof...(Wanted)>& labels) {
  relreason::parameters<M, double> p;
  r.load(p, names);
  relreason::serial_executor serial;
  relreason::gradient_program<M, double, Wanted...> program(at, serial, relreason::select_kernels<double>());
  std::array<std::vector<double>, sizeof...(Wanted)> wanted, found;
  std::array<double*, sizeof...(Wanted)> to{};
  for (std::size_t k = 0; k < labels.size(); ++k) {
    wanted[k] = r.values("output." + labels[k]);
    found[k].resize(wanted[k].size());
    to[k] = found[k].data();
  }
  program.run(b, p, {}, to);
  double worst = std::abs(program.loss() - r.values("loss")[0]);
  for (std::size_t k = 0; k < labels.size(); ++k) worst = std::max(worst, gap_of(found[k].data(), wanted[k].data(), wanted[k].size()));
  for (const auto& e : p.table().entries) {
    const auto g = r.values("gradient." + names(e.path));
    const bool fits = g.size() == e.count || (names(e.path).starts_with("input.") && g.size() < e.count);
    worst = std::max(worst, fits ? gap_of(program.gradients().data() + e.offset, g.data(), g.size()) : 1e300);
  }
  return worst;
}
