// bench/measure.hpp -- seconds, medians, and numbers as JSON.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
inline double median_of(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return (v[(v.size() - 1) / 2] + v[v.size() / 2]) / 2;
}

inline std::string number_text(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", v);
  return text;
}
template <class Values>
std::string list_of(const Values& v) {
  std::string out = "[";
  for (const auto& x : v) out += (out.size() > 1 ? ", " : "") + number_text(static_cast<double>(x));
  return out + "]";
}
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, static_cast<unsigned char>(c) < 32 ? ' ' : c);
  return out + "\"";
}

}  // namespace bench
