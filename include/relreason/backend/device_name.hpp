// relreason/backend/device_name.hpp -- what a command line calls a device: "cpu", "cuda" or "cuda:1". Needs no CUDA.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "relreason/core/error.hpp"

namespace relreason::device {

struct device_name {
  bool cuda = false;
  int number = 0;  // of the CUDA device, from 0
  friend bool operator==(const device_name&, const device_name&) = default;
};

inline std::string text_of(const device_name& d) { return d.cuda ? "cuda:" + std::to_string(d.number) : std::string("cpu"); }

// "cuda" is "cuda:0". Whether there is such a device is asked by open_device(), not here.
inline device_name parse_device(std::string_view text) {
  constexpr std::string_view cuda = "cuda";
  if (text == "cpu") return {false, 0};
  if (text == cuda) return {true, 0};
  if (text.substr(0, cuda.size() + 1) == "cuda:") {
    const std::string_view digits = text.substr(cuda.size() + 1);
    int number = 0;
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (status == std::errc() && end == digits.data() + digits.size() && number >= 0) return {true, number};
  }
  fail("device: found '", text.substr(0, 40), "', wanted cpu, cuda or cuda:N with the number N of a CUDA device, as nvidia-smi -L lists them");
}

}  // namespace relreason::device
