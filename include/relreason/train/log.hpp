// relreason/train/log.hpp -- the log of a run as JSON lines: one event a line, each with its step; a resumed run drops what came after its step.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/report/json_writer.hpp"

namespace relreason {

// One line of the log. Values keep their order; what was not finite is NaN.
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

// A name as run_log writes it: letters and signs that need no escape.
inline void check_log_name(std::string_view name) {
  for (const char c : name)
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      fail("run_log: the name ", report::json_text(name), " holds a quote, backslash or control character");
  if (name.empty()) fail("run_log: an event or a value has an empty name");
}

// Takes a number or null (which stands for what is not finite) from the front of the line.
inline bool take_number(std::string_view& line, double& v) {
  if (line.starts_with("null")) {
    v = std::nan("");
    line.remove_prefix(4);
    return true;
  }
  const auto [stop, wrong] = std::from_chars(line.data(), line.data() + line.size(), v);
  line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
  return wrong == std::errc{} && std::isfinite(v);
}

inline bool take_number(std::string_view& line, std::uint64_t& v) {
  const auto [stop, wrong] = std::from_chars(line.data(), line.data() + line.size(), v);
  line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
  return wrong == std::errc{};
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
    if (key == "step") {
      if (has_step || !take_number(line, e.step)) return std::nullopt;
      has_step = true;
    } else {
      double v = 0;
      if (!take_number(line, v)) return std::nullopt;
      e.values.emplace_back(key, v);
    }
  }
  return has_step ? std::optional(e) : std::nullopt;
}

// each(event, line) for every whole line. A last line that is torn (no newline, or no event) is left out; any other that is none of ours is an error.
template <class Each>
void each_event(const std::string& path, Each&& each) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("read_log: cannot open ", path, "; a run writes its log to log.jsonl in its folder");
  std::string line;
  for (int number = 1; std::getline(in, line) && !in.eof(); ++number) {
    if (auto e = parse_event(line)) each(std::move(*e), line);
    else if (in.peek() != std::ifstream::traits_type::eof())
      fail("read_log: ", path, " line ", number, " is not an event of a run: ", report::json_text(line.substr(0, 60)), "; mend or remove the file");
  }
  if (in.bad()) fail("read_log: reading ", path, " failed; is it a file?");
}

}  // namespace detail

// All events of a log, in order; a torn last line is left out.
inline std::vector<log_event> read_log(const std::string& path) {
  std::vector<log_event> events;
  detail::each_event(path, [&](log_event&& e, const std::string&) { events.push_back(std::move(e)); });
  return events;
}

class run_log {
 public:
  // Opens for appending. What was written after `step`, and a torn last line, are dropped; what is kept stays as it is, byte for byte.
  run_log(std::string path, std::uint64_t step) : path_(std::move(path)) {
    if (std::filesystem::exists(path_)) keep_to(step);
    out_.open(path_, std::ios::app | std::ios::binary);
    if (!out_) fail("run_log: cannot open ", path_, " for writing; is its folder there and writable?");
  }

  // Flushed: the line is in the file when this returns.
  void write(std::string_view event, std::uint64_t step, const std::vector<std::pair<std::string, double>>& values) {
    detail::check_log_name(event);
    report::json_writer line;
    line.begin_object().member("event", event).member("step", step);
    for (const auto& [key, value] : values) {
      detail::check_log_name(key);
      if (key == "step" || key == "event") fail("run_log: a value named ", key, "; that name is taken, choose another");
      line.member(key, value);
    }
    const detail::hold_file_size_signal hold;
    out_ << line.end_object().text() << std::endl;
    if (!out_) fail("run_log: cannot write ", path_, "; is the disk full?");
  }

 private:
  void keep_to(std::uint64_t step) {
    std::string kept;
    detail::each_event(path_, [&](log_event&& e, const std::string& line) {
      if (e.step <= step) (kept += line) += '\n';
    });
    if (kept.size() == std::filesystem::file_size(path_)) return;
    atomic_file file(path_);
    file.write(kept);
    file.commit();
  }

  std::string path_;
  std::ofstream out_;
};

}  // namespace relreason
