// relreason/report/report_picture.hpp -- a picture inside a page: the bytes of a PNG file as an <img> that needs no other file.
// Source: RFC 4648, section 4 (base64); RFC 2397 (data: URLs).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "relreason/report/report_text.hpp"

namespace relreason::report {

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (k < n ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// In the shape of a scene of CLEVR, 3 : 2, whatever the pixels' number.
inline std::string picture_html(std::string_view png, std::string_view words) {
  return "<img class=\"scene picture\" width=\"480\" height=\"320\" alt=\"" + html(words) + "\" src=\"data:image/png;base64," + base64(png) + "\">";
}

}  // namespace relreason::report
