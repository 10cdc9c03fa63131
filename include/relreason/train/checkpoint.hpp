// relreason/train/checkpoint.hpp -- everything a run needs to go on with the same bits, in one safetensors file written as a whole or not at all.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
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
  for (const double x : v) {
    if (!out.empty()) out += ' ';
    out += exact_text(x);
  }
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

inline std::string digits(std::uint64_t v) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(v));
  return text;
}

// Of all tensors and all metadata: FNV-1a over 8 bytes at a time, with a shift that lets high bits reach low ones.
inline std::string checksum(const safetensors::writer& w) {
  const auto bytes = w.bytes();
  std::uint64_t sum = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    sum = (sum ^ word) * 0x100000001b3u;
    sum ^= sum >> 29;
  }
  return digits(sum);
}

// What a file's writer held, without its checksum.
inline safetensors::writer rewritten(const safetensors::file& from) {
  safetensors::writer w;
  for (const auto& t : from.tensors()) w.add(t.name, t.type, t.shape, t.bytes);
  for (const auto& [key, value] : from.metadata())
    if (key != "checksum") w.metadata(key, value);
  return w;
}

}  // namespace detail

// 16 hexadecimal digits that change with the model: its lines, operations, spaces and widths.
template <class M>
std::string model_hash() {
  std::string text;
  for (const auto& l : describe_lines_of<M>({})) {
    text += l.name + "|" + l.operation + "|" + l.space + "|" + std::to_string(l.width) + "|" + std::to_string(l.parameters) + "|";
    for (const auto& r : l.reads) text += r + ",";
    text += "\n";
  }
  return detail::digits(stream_of(text.c_str()));
}

template <class Stepper>
void save_checkpoint(const std::string& path, basic_trainer<Stepper>& t, const run_state_record& r) {
  using M = typename Stepper::model;
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
  w.metadata("checksum", detail::checksum(w));
  w.write(path);
}

// The record of a checkpoint, after its checksum was found right.
inline run_state_record read_record(const safetensors::file& from) {
  const auto& meta = from.metadata();
  const auto& path = from.path();
  const auto get = [&](const std::string& key) -> const std::string& {
    const auto found = meta.find(key);
    if (found == meta.end())
      fail("checkpoint: ", path, " has no \"", key, "\"; is it a checkpoint of relreason? Weights alone are loaded with load_weights");
    return found->second;
  };
  if (get("format") == "pt") fail("checkpoint: ", path, " holds weights only, as export writes them; use the checkpoint of the run, or load_weights");
  if (const auto format = detail::whole_value(get("format"), path, "format"); format != checkpoint_format)
    fail("checkpoint: ", path, " has format ", format, "; this program reads format ", checkpoint_format);
  for (const char* key : {"model", "instructions", "steps", "optimizer"}) get(key);
  if (const auto sum = detail::checksum(detail::rewritten(from)); sum != get("checksum"))
    fail("checkpoint: ", path, " is damaged: its checksum is ", get("checksum"), ", its content has ", sum, "; use another copy");
  run_state_record r;
  const auto epoch = detail::whole_value(get("epoch"), path, "epoch");
  if (epoch < 1 || epoch > 1'000'000'000) fail("checkpoint: ", path, ": epoch is ", epoch, "; wanted 1 to 1000000000");
  r.epoch = static_cast<int>(epoch);
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
  if (const auto& hash = from.metadata().at("model"); hash != model_hash<M>())
    wrong += "\n  model: " + hash + " in the checkpoint, now " + model_hash<M>() + " (its lines, operations or widths differ)";
  for (const auto& [key, value] : wanted) {
    const auto at = found.settings.find(key);
    if (at == found.settings.end()) wrong += "\n  " + key + ": not in the checkpoint, now " + value;
    else if (at->second != value) wrong += "\n  " + key + ": " + at->second + " in the checkpoint, now " + value;
  }
  if (!wrong.empty()) fail("checkpoint: ", from.path(), " was made with other settings; use those, or another folder:", wrong);
}

// The weights of a checkpoint without optimizer, counters and checksum: what PyTorch's load_state_dict takes. Settings and model stay as metadata.
inline void export_weights(const std::string& checkpoint, const std::string& to) {
  const auto from = safetensors::open(checkpoint);
  read_record(from);
  safetensors::writer w;
  for (const auto& t : from.tensors())
    if (!t.name.starts_with("optimizer.")) w.add(t.name, t.type, t.shape, t.bytes);
  for (const auto& [key, value] : from.metadata())
    if (key == "model" || key.starts_with("setting.")) w.metadata(key, value);
  w.metadata("format", "pt");  // what Python's loaders look for
  w.write(to);
}

}  // namespace relreason
