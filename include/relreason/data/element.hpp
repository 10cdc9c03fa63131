// relreason/data/element.hpp -- the element types of tensor files, and copying them into C++ arrays without losing a value.
// Source: dtypes of the safetensors format (github.com/huggingface/safetensors) and of numpy.lib.format.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason {

static_assert(std::endian::native == std::endian::little, "relreason: tensor files are little-endian and are read in place");

// In the order of the Python package, which sorts a file's tensors by it (largest first): files of both are the same bytes.
enum class element : std::uint8_t { boolean, u8, i8, f8_e5m2, f8_e4m3, f8_e8m0, i16, u16, f16, bf16, i32, u32, f32, c64, f64, i64, u64 };

struct element_info {
  element type;
  std::string_view name;   // in a safetensors header
  std::string_view descr;  // in a .npy header; empty where NumPy has no such type
  std::size_t bytes;
};

// clang-format off
inline constexpr std::array<element_info, 17> element_table = {{
    {element::boolean, "BOOL", "|b1", 1},  {element::u8, "U8", "|u1", 1},          {element::i8, "I8", "|i1", 1},
    {element::f8_e5m2, "F8_E5M2", "", 1},  {element::f8_e4m3, "F8_E4M3", "", 1},   {element::f8_e8m0, "F8_E8M0", "", 1},
    {element::i16, "I16", "<i2", 2},       {element::u16, "U16", "<u2", 2},        {element::f16, "F16", "<f2", 2},
    {element::bf16, "BF16", "", 2},        {element::i32, "I32", "<i4", 4},        {element::u32, "U32", "<u4", 4},
    {element::f32, "F32", "<f4", 4},       {element::c64, "C64", "<c8", 8},        {element::f64, "F64", "<f8", 8},
    {element::i64, "I64", "<i8", 8},       {element::u64, "U64", "<u8", 8},
}};
// clang-format on

constexpr const element_info& info(element type) { return element_table[static_cast<std::size_t>(type)]; }

// The element type that a C++ array of T is written as.
template <class T>
constexpr element element_of() {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "relreason::element_of: files hold bool, integers, float and double");
  if constexpr (std::is_same_v<T, bool>) return element::boolean;
  else if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? element::f32 : element::f64;
  else if constexpr (sizeof(T) == 1) return std::is_signed_v<T> ? element::i8 : element::u8;
  else if constexpr (sizeof(T) == 2) return std::is_signed_v<T> ? element::i16 : element::u16;
  else if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? element::i32 : element::u32;
  else return std::is_signed_v<T> ? element::i64 : element::u64;
}

// "(64, 26)", "(3,)" and "()", as NumPy prints shapes.
inline std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size() && i < 16; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  if (shape.size() > 16) text += ", ...";
  return text + (shape.size() == 1 ? ",)" : ")");
}

namespace detail {

// count * bytes of each element of a shape; false where that passes 2^63 - 1.
inline bool shape_bytes(const std::vector<std::int64_t>& shape, std::size_t element_bytes, std::uint64_t& bytes) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bytes = element_bytes;
  for (const std::int64_t extent : shape) {
    const auto n = static_cast<std::uint64_t>(extent);
    if (extent < 0 || (n != 0 && bytes > most / n)) return false;
    bytes *= n;
  }
  return true;
}

inline float widen_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. Every value is a float.
inline float widen_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Calls visit(read) with read(pointer) -> value, for the types that hold numbers of T's kind; false for others.
template <class T, class Visit>
bool with_reader(element type, Visit&& visit) {
  const auto as = [&]<class From>(From) {
    visit([](const std::byte* at) { return load<From>(at); });
    return true;
  };
  if constexpr (std::is_floating_point_v<T>) {
    if (type == element::f32) return as(float{});
    if (type == element::f64) return as(double{});
    if (type == element::f16) return visit([](const std::byte* at) { return widen_f16(load<std::uint16_t>(at)); }), true;
    if (type == element::bf16) return visit([](const std::byte* at) { return widen_bf16(load<std::uint16_t>(at)); }), true;
  } else {
    if (type == element::boolean || type == element::u8) return as(std::uint8_t{});
    if (type == element::i8) return as(std::int8_t{});
    if (type == element::i16) return as(std::int16_t{});
    if (type == element::u16) return as(std::uint16_t{});
    if (type == element::i32) return as(std::int32_t{});
    if (type == element::u32) return as(std::uint32_t{});
    if (type == element::i64) return as(std::int64_t{});
    if (type == element::u64) return as(std::uint64_t{});
  }
  return false;
}

// Integers fit when equal; a double fits a float when its magnitude does (it is rounded), as do infinities and NaN.
template <class T, class From>
bool fits(From value) {
  if constexpr (std::is_same_v<T, bool>) return value == From(0) || value == From(1);
  else if constexpr (std::is_integral_v<T>) {
    if constexpr (std::is_signed_v<From>)
      if (value < 0) return std::is_signed_v<T> && static_cast<std::int64_t>(value) >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
    return static_cast<std::uint64_t>(value) <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  } else {
    return sizeof(From) <= sizeof(T) || !std::isfinite(value) || std::abs(value) <= static_cast<From>(std::numeric_limits<T>::max());
  }
}

// Copies all elements to T; `who` begins the message of what does not fit (function, file, tensor).
template <class T>
void copy_elements(element type, std::span<const std::byte> bytes, T* to, const std::string& who) {
  const std::size_t each = info(type).bytes, count = bytes.size() / each;
  if (count == 0) return;
  if (type == element_of<T>() && type != element::boolean) {
    std::memcpy(to, bytes.data(), bytes.size());
    return;
  }
  const bool known = with_reader<T>(type, [&](auto read) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = read(bytes.data() + i * each);
      if (!fits<T>(value))
        fail(who, ": element ", i, " is ", +value, ", which does not fit ", info(element_of<T>()).name, "; read it as a wider type");
      to[i] = static_cast<T>(value);
    }
  });
  if (!known)
    fail(who, ": found elements of type ", info(type).name, ", wanted ", std::is_floating_point_v<T> ? "F16, BF16, F32 or F64" : "integers or BOOL",
         " for an array of ", info(element_of<T>()).name, "; read it as its own kind");
}

}  // namespace detail
}  // namespace relreason
