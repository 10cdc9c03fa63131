// relreason/train/log.hpp -- the log of a run as JSON lines: one event a line, each with its step; a resumed run drops what came after its step.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason {

struct log_event {
  std::string event;
  std::uint64_t step = 0;
  std::vector<std::pair<std::string, double>> values;
  std::optional<double> find(std::string_view name) const {
    for (const auto& [key, value] : values)
      if (key == name) return value;
    return std::nullopt;
  }
};

namespace detail {

inline std::string number_json(double v) {
  if (!std::isfinite(v)) return "null";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, v).ptr;
  return {text, end};
}

// One line as run_log writes it: {"event":"train","step":20,"loss":1.5}. Nothing for a torn or foreign line.
inline std::optional<log_event> parse_event(std::string_view line) {
  log_event e;
  if (!line.starts_with("{\"event\":\"") || !line.ends_with('}')) return std::nullopt;
  line.remove_prefix(10);
  const auto quote = line.find('"');
  if (quote == line.npos) return std::nullopt;
  e.event = line.substr(0, quote);
  line = line.substr(quote + 1, line.size() - quote - 2);
  bool has_step = false;
  while (!line.empty()) {
    if (!line.starts_with(",\"")) return std::nullopt;
    line.remove_prefix(2);
    const auto end = line.find("\":");
    if (end == line.npos) return std::nullopt;
    const std::string key(line.substr(0, end));
    line.remove_prefix(end + 2);
    double v = 0;
    if (line.starts_with("null")) {
      v = std::nan("");
      line.remove_prefix(4);
    } else {
      const auto [stop, wrong] = std::from_chars(line.data(), line.data() + line.size(), v);
      if (wrong != std::errc{}) return std::nullopt;
      line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
    }
    if (key == "step" && v >= 0) has_step = true, e.step = static_cast<std::uint64_t>(v);
    else e.values.emplace_back(key, v);
  }
  return has_step ? std::optional(e) : std::nullopt;
}

}  // namespace detail

// The events of a log; a torn last line is left out, any other line that is none of ours is an error.
inline std::vector<log_event> read_log(const std::string& path) {
  std::ifstream in(path);
  std::vector<log_event> events;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (auto e = detail::parse_event(line)) events.push_back(std::move(*e));
    else if (!in.eof() && in.peek() != std::ifstream::traits_type::eof())
      fail("read_log: ", path, " line ", number, " is not an event of a run: ", line.substr(0, 60));
  }
  return events;
}

class run_log {
 public:
  // Opens for appending; events after `step` are dropped.
  run_log(std::string path, std::uint64_t step) : path_(std::move(path)) {
    if (std::filesystem::exists(path_)) {
      const auto events = read_log(path_);
      std::ofstream out(path_ + ".partial", std::ios::trunc);
      for (const auto& e : events)
        if (e.step <= step) out << text(e.event, e.step, e.values) << '\n';
      out.close();
      if (!out) fail("run_log: cannot write ", path_, ".partial; is the disk full?");
      std::filesystem::rename(path_ + ".partial", path_);
    }
    out_.open(path_, std::ios::app);
    if (!out_) fail("run_log: cannot open ", path_, " for writing");
  }

  void write(std::string_view event, std::uint64_t step, std::initializer_list<std::pair<std::string, double>> values) {
    out_ << text(event, step, values) << std::endl;
    if (!out_) fail("run_log: cannot write ", path_, "; is the disk full?");
  }

 private:
  template <class Values>
  static std::string text(std::string_view event, std::uint64_t step, const Values& values) {
    std::string line = "{\"event\":\"" + std::string(event) + "\",\"step\":" + std::to_string(step);
    for (const auto& [key, value] : values) line += ",\"" + key + "\":" + detail::number_json(value);
    return line + "}";
  }
  std::string path_;
  std::ofstream out_;
};

}  // namespace relreason
