// relreason/train/checkpoint.hpp -- everything a run needs to go on with the same bits, in one safetensors file written as a whole or not at all.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "relreason/core/describe.hpp"
#include "relreason/train/trainer.hpp"

namespace relreason {

inline constexpr int checkpoint_format = 1;

// Where a run stands, and what it was told. Settings must be equal on resume; notes may change (threads, machine).
struct run_state_record {
  int epoch = 1;            // the epoch being run, from 1
  std::uint64_t batch = 0;  // batches of it that are done
  double loss_sum = 0;      // of this epoch's batches so far
  std::uint64_t right = 0, seen = 0;
  double best = -1;  // best validation accuracy
  std::vector<double> schedule, stopping;
  std::map<std::string, std::string> settings, notes;
};

namespace detail {

// Exact text of a double: hexadecimal, infinity and NaN included.
inline std::string exact_text(double v) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", v);
  return text;
}
inline double exact_value(const std::string& text, const std::string& path, const std::string& key) {
  char* end = nullptr;
  const double v = std::strtod(text.c_str(), &end);
  if (text.empty() || *end) fail("checkpoint: ", path, ": ", key, " is \"", text, "\"; wanted a number");
  return v;
}
inline std::string list_text(const std::vector<double>& v) {
  std::string out;
  for (const double x : v) out += (out.empty() ? "" : " ") + exact_text(x);
  return out;
}
inline std::vector<double> list_value(const std::string& text, const std::string& path, const std::string& key) {
  std::vector<double> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    out.push_back(exact_value(text.substr(at, end - at), path, key));
    at = end + 1;
  }
  return out;
}
inline std::uint64_t whole_value(const std::string& text, const std::string& path, const std::string& key) {
  std::uint64_t v = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (wrong != std::errc{} || end != text.data() + text.size()) fail("checkpoint: ", path, ": ", key, " is \"", text, "\"; wanted a whole number");
  return v;
}

}  // namespace detail

// A number that changes with the model: its lines, operations, shapes.
template <class M>
std::string model_hash() {
  limits<M> at;
  at.per_parent.fill(1);
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(stream_of(describe<M>(at).c_str())));
  return text;
}

template <class M, class Optimizer, name... Wanted>
void save_checkpoint(const std::string& path, const trainer<M, Optimizer, Wanted...>& t, const run_state_record& r) {
  safetensors::writer w;
  t.save(w);
  w.metadata("format", std::to_string(checkpoint_format)).metadata("model", model_hash<M>());
  w.metadata("epoch", std::to_string(r.epoch)).metadata("batch", std::to_string(r.batch));
  w.metadata("loss_sum", detail::exact_text(r.loss_sum)).metadata("right", std::to_string(r.right)).metadata("seen", std::to_string(r.seen));
  w.metadata("best", detail::exact_text(r.best))
      .metadata("schedule", detail::list_text(r.schedule))
      .metadata("stopping", detail::list_text(r.stopping));
  for (const auto& [key, value] : r.settings) w.metadata("setting." + key, value);
  for (const auto& [key, value] : r.notes) w.metadata("note." + key, value);
  w.write(path);
}

// The record of a checkpoint, without its arrays.
inline run_state_record read_record(const safetensors::file& from) {
  const auto& meta = from.metadata();
  const auto get = [&](const std::string& key) -> const std::string& {
    const auto found = meta.find(key);
    if (found == meta.end())
      fail("checkpoint: ", from.path(), " has no \"", key, "\"; is it a checkpoint of relreason? Weights alone are loaded with load_weights");
    return found->second;
  };
  const auto& path = from.path();
  if (const auto format = detail::whole_value(get("format"), path, "format"); format != checkpoint_format)
    fail("checkpoint: ", path, " has format ", format, "; this program reads format ", checkpoint_format);
  run_state_record r;
  r.epoch = static_cast<int>(detail::whole_value(get("epoch"), path, "epoch"));
  r.batch = detail::whole_value(get("batch"), path, "batch");
  r.loss_sum = detail::exact_value(get("loss_sum"), path, "loss_sum");
  r.right = detail::whole_value(get("right"), path, "right");
  r.seen = detail::whole_value(get("seen"), path, "seen");
  r.best = detail::exact_value(get("best"), path, "best");
  r.schedule = detail::list_value(get("schedule"), path, "schedule");
  r.stopping = detail::list_value(get("stopping"), path, "stopping");
  for (const auto& [key, value] : meta) {
    if (key.starts_with("setting.")) r.settings[key.substr(8)] = value;
    if (key.starts_with("note.")) r.notes[key.substr(5)] = value;
  }
  return r;
}

// Refuses a checkpoint of another model or of other settings, naming every difference.
template <class M>
void check_record(const safetensors::file& from, const run_state_record& found, const std::map<std::string, std::string>& wanted) {
  std::string wrong;
  if (from.metadata().at("model") != model_hash<M>()) wrong += "\n  the model itself differs";
  for (const auto& [key, value] : wanted) {
    const auto at = found.settings.find(key);
    if (at == found.settings.end()) wrong += "\n  " + key + ": not in the checkpoint, now " + value;
    else if (at->second != value) wrong += "\n  " + key + ": " + at->second + " in the checkpoint, now " + value;
  }
  if (!wrong.empty()) fail("checkpoint: ", from.path(), " was made with other settings; use those, or another folder:", wrong);
}

}  // namespace relreason
