// relreason/data/npy.hpp -- reads and writes .npy files, one array each, as NumPy does.
// Source: numpy.lib.format, versions 1.0 and 2.0: "\x93NUMPY", version, header length, a Python dict of descr, fortran_order and shape, raw data.
// Little-endian C order only; structured arrays and pickled objects are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/element.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason::npy {

inline constexpr std::size_t longest_header = 10'000;  // NumPy's own limit (max_header_size)

namespace detail {

using relreason::detail::quoted;
using relreason::detail::scanner;

// A Python string without escapes, in either kind of quotes.
inline std::string read_text(scanner& in) {
  const char quote = in.peek();
  if (quote != '\'' && quote != '"') in.wanted("a string");
  in.take();
  std::string text;
  while (!in.take_if(quote)) {
    if (in.peek() == '\\') in.wanted("a string without escapes");
    text += in.take();
  }
  return text;
}

inline element read_descr(scanner& in) {
  const std::size_t place = in.place();
  if (in.peek() == '[') fail(in.who(), ": byte ", place, ": found a structured array, wanted plain numbers; save each field as its own file");
  const std::string text = read_text(in);
  std::string known;
  for (const element_info& one : element_table) {
    if (one.descr.empty() || one.type == element::c64) continue;
    if (one.descr == text) return one.type;
    (known += known.empty() ? "" : ", ") += one.descr;
  }
  const char* advice = text.starts_with('>')         ? "; it is big-endian: save array.astype(array.dtype.newbyteorder('<'))"
                       : text.find('O') != text.npos ? "; it holds pickled Python objects, which are never loaded: save numbers"
                                                     : "; save it as another type, for example array.astype('<f4')";
  fail(in.who(), ": byte ", place, ": found descr ", relreason::detail::quoted(text), ", wanted one of ", known, advice);
}

// (), (3,), (2, 3) or (2, 3,)
inline std::vector<std::int64_t> read_shape(scanner& in) {
  std::vector<std::int64_t> shape;
  in.expect('(');
  in.skip_spaces();
  while (!in.take_if(')')) {
    shape.push_back(in.integer());
    in.skip_spaces();
    const bool comma = in.take_if(',');
    in.skip_spaces();
    if (!comma && (in.peek() != ')' || shape.size() == 1)) in.wanted("','");
  }
  return shape;
}

}  // namespace detail

// One array; stays in the file's memory until it is copied out.
class file {
 public:
  explicit file(const std::string& path) : path_(path), source_(path, "npy::open") { read(source_.bytes(), "npy::open: " + path); }
  // Reads from memory that the caller keeps; `name` stands for the path in messages.
  file(std::span<const std::byte> bytes, const std::string& name) : path_(name) { read(bytes, "npy::parse: " + name); }

  element type() const { return type_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::span<const std::byte> bytes() const { return data_; }
  std::size_t count() const { return data_.size() / info(type_).bytes; }

  // Floating-point arrays to float or double (rounded where narrower), integers and bool to integers (exact or refused).
  template <class T>
  void copy_to(T* to, std::size_t count) const {
    const std::string who = "npy::copy_to: " + path_;
    if (this->count() != count) fail(who, ": found ", this->count(), " elements ", shape_text(shape_), ", wanted ", count, "; is it another array?");
    relreason::detail::copy_elements(type_, data_, to, who);
  }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> all(count());
    copy_to(all.data(), all.size());
    return all;
  }
  // The first axis counts the rows, all others together are the width (1 where there are none). The view points into `storage`.
  template <class T>
  rows_view<const T> rows(std::vector<T>& storage) const {
    constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (shape_.empty()) fail("npy::rows: ", path_, ": found a single number, wanted at least one axis; the first counts the rows");
    std::size_t width = 1;
    for (std::size_t i = 1; i < shape_.size(); ++i) width *= static_cast<std::size_t>(shape_[i]);
    if (static_cast<std::size_t>(shape_[0]) > most || width > most)
      fail("npy::rows: ", path_, ": found ", shape_text(shape_), ", wanted at most ", most, " rows and values per row");
    storage.resize(count());
    copy_to(storage.data(), storage.size());
    return {storage.data(), static_cast<int>(shape_[0]), static_cast<int>(width)};
  }

 private:
  void read(std::span<const std::byte> all, const std::string& who) {
    constexpr std::string_view magic = "\x93NUMPY";
    const std::string_view text(reinterpret_cast<const char*>(all.data()), all.size());
    if (!text.starts_with(magic))
      fail(who, ": byte 0: found no \"\\x93NUMPY\", wanted a .npy file; an .npz file is a zip archive of them: unpack it");
    constexpr const char* cut = "; the file is cut short: fetch or save it again";
    if (text.size() < 10) fail(who, ": found ", text.size(), " bytes, wanted at least 10", cut);
    const int version = static_cast<unsigned char>(text[6]), minor = static_cast<unsigned char>(text[7]);
    if ((version != 1 && version != 2) || minor != 0)
      fail(who, ": byte 6: found version ", version, '.', minor, ", wanted 1.0 or 2.0; save it with numpy.lib.format.write_array and version=(1, 0)");
    const std::size_t start = version == 1 ? 10 : 12;
    if (text.size() < start) fail(who, ": found ", text.size(), " bytes, wanted at least ", start, cut);
    const std::byte* at = all.data() + 8;
    const std::size_t length = version == 1 ? relreason::detail::load<std::uint16_t>(at) : relreason::detail::load<std::uint32_t>(at);
    if (length > longest_header)
      fail(who, ": byte 8: found a header of ", length, " bytes, wanted at most ", longest_header, "; is this a .npy file?");
    if (length > text.size() - start) fail(who, ": byte 8: found a header of ", length, " bytes, wanted at most ", text.size() - start, cut);
    relreason::detail::scanner in(text.substr(start, length), who, start);
    read_header(in);
    take(in, all.subspan(start + length));
  }

  void read_header(relreason::detail::scanner& in) {
    bool descr = false, order = false, shape = false;
    in.expect('{');
    in.skip_spaces();
    while (!in.take_if('}')) {
      const std::size_t place = in.place();
      const std::string key = detail::read_text(in);
      bool* seen = key == "descr" ? &descr : key == "fortran_order" ? &order : key == "shape" ? &shape : nullptr;
      if (!seen) in.wrong(place, "found key ", detail::quoted(key), ", wanted descr, fortran_order or shape");
      if (std::exchange(*seen, true)) in.wrong(place, "found key ", detail::quoted(key), " twice, wanted it once");
      in.skip_spaces();
      in.expect(':');
      in.skip_spaces();
      if (seen == &descr) type_ = detail::read_descr(in);
      else if (seen == &shape) shape_ = detail::read_shape(in);
      else if (in.take_if("True")) fortran_ = true;
      else if (!in.take_if("False")) in.wanted("True or False");
      in.skip_spaces();
      if (!in.take_if(',') && in.peek() != '}') in.wanted("',' or '}'");
      in.skip_spaces();
    }
    in.skip_spaces();
    if (!in.at_end()) in.wanted("only spaces after the header's '}'");
    if (!descr || !order || !shape) in.wanted(!descr ? "descr" : !order ? "fortran_order" : "shape", " in the header");
  }

  void take(const relreason::detail::scanner& in, std::span<const std::byte> data) {
    // With fewer than two axes both orders are the same.
    if (fortran_ && shape_.size() > 1)
      fail(in.who(), ": found Fortran order for ", shape_text(shape_), ", wanted C order; save numpy.ascontiguousarray(array)");
    std::uint64_t wanted = 0;
    if (!relreason::detail::shape_bytes(shape_, info(type_).bytes, wanted))
      in.wrong(in.place(), "found shape ", shape_text(shape_), ", wanted fewer than 2^63 bytes");
    if (data.size() != wanted)
      fail(in.who(), ": found ", data.size(), " bytes of data, wanted ", wanted, " for ", info(type_).descr, " ", shape_text(shape_),
           "; the file is damaged: fetch or save it again");
    data_ = data;
  }

  std::string path_;
  mapped_file source_;
  element type_ = element::f32;
  bool fortran_ = false;
  std::vector<std::int64_t> shape_;
  std::span<const std::byte> data_;
};

inline file open(const std::string& path) { return file(path); }
inline file parse(std::span<const std::byte> bytes, const std::string& name = "memory") { return file(bytes, name); }

// Everything before the data, version 1.0, padded so that the data starts at a multiple of 64.
inline std::string header(element type, const std::vector<std::int64_t>& shape) {
  std::string dict = "{'descr': '" + std::string(info(type).descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) dict += (i ? ", " : "") + std::to_string(shape[i]);
  dict += shape.size() == 1 ? ",), }" : "), }";
  dict.append((64 - (10 + dict.size() + 1) % 64) % 64, ' ');
  dict += '\n';
  if (dict.size() > longest_header)
    fail("npy::write: found ", shape.size(), " axes, wanted a header of at most ", longest_header, " bytes; use fewer axes");
  const auto length = static_cast<std::uint16_t>(dict.size());
  std::string out("\x93NUMPY\x01\0\0\0", 10);
  std::memcpy(out.data() + 8, &length, 2);
  return out + dict;
}

// Replaces `path` as a whole or not at all (atomic_file).
template <class T>
void write(const std::string& path, const T* data, const std::vector<std::int64_t>& shape) {
  std::uint64_t bytes = 0;
  if (!relreason::detail::shape_bytes(shape, sizeof(T), bytes))
    fail("npy::write: ", path, ": found shape ", shape_text(shape), ", wanted extents of 0 or more and fewer than 2^63 bytes; correct the shape");
  const std::string head = header(element_of<T>(), shape);
  atomic_file out(path);
  out.write(head);
  out.write(std::as_bytes(std::span(data, static_cast<std::size_t>(bytes) / sizeof(T))));
  out.commit();
}
template <class T>
void write(const std::string& path, rows_view<T> x) {
  write(path, x.data, {x.rows, x.width});
}

}  // namespace relreason::npy
