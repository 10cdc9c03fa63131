// relreason/data/byte_source.hpp -- the bytes of a file from first to last, unpacked where the file is gzip.
// Source: RFC 1952 (gzip; several members may follow one another). Holds one buffer of packed bytes, whatever the file's size.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason {

// Reads a file once from first to last; the caller asks for as many bytes as it has room for.
class byte_source {
 public:
  // `who` begins every message, as in "clevr::read_scenes". A file that begins with 1f 8b is gzip, whatever its name.
  byte_source(const std::string& path, std::string who) : path_(path), who_(std::move(who)) {
    // Without O_NONBLOCK a named pipe would wait here for a writer that may never come.
    file_.number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file_.number < 0) fail(who_, ": cannot open ", path_, ": ", std::strerror(errno), "; check the path and the permissions");
    begin();
  }
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  ~byte_source() {
    if (packed_) inflateEnd(&z_);
  }

  // Fills `out` with up to n bytes; fewer than n only at the end of the file.
  std::size_t read(char* out, std::size_t n) {
    std::size_t done = 0;
    while (done < n) {
      const std::size_t got = packed_ ? inflate_some(out + done, n - done) : read_plain(out + done, n - done);
      if (got == 0) break;
      done += got;
    }
    return done;
  }

 private:
  static constexpr std::size_t buffer_bytes = 1 << 18;

  struct descriptor {
    int number = -1;
    ~descriptor() {
      if (number >= 0) ::close(number);
    }
  };

  void begin() {
    struct stat status;
    if (::fstat(file_.number, &status) != 0) fail(who_, ": cannot inspect ", path_, ": ", std::strerror(errno));
    if (!S_ISREG(status.st_mode))
      fail(who_, ": found ", path_, " to be ", S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device", ", wanted a regular file; save it as one");
    const auto size = static_cast<std::size_t>(status.st_size);
    buffer_.resize(size < buffer_bytes ? size + 1 : buffer_bytes);
    refill();
    if (left_ < 2 || next()[0] != 0x1f || next()[1] != 0x8b) return;
    z_ = {};
    if (inflateInit2(&z_, 16 + MAX_WBITS) != Z_OK) fail(who_, ": zlib could not start on ", path_, ": out of memory?");
    packed_ = true;
  }

  const unsigned char* next() const { return buffer_.data() + at_; }

  bool refill() {
    ssize_t got;
    do got = ::read(file_.number, buffer_.data(), buffer_.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) fail(who_, ": cannot read ", path_, " at byte ", file_bytes_, ": ", std::strerror(errno));
    at_ = 0;
    left_ = static_cast<std::size_t>(got);
    file_bytes_ += left_;
    return left_ > 0;
  }

  std::size_t read_plain(char* out, std::size_t n) {
    if (left_ == 0 && !refill()) return 0;
    const std::size_t taken = n < left_ ? n : left_;
    std::memcpy(out, next(), taken);
    at_ += taken;
    left_ -= taken;
    return taken;
  }

  std::size_t inflate_some(char* out, std::size_t n) {
    const uInt room = n < buffer_bytes ? static_cast<uInt>(n) : static_cast<uInt>(buffer_bytes);
    for (;;) {
      if (left_ == 0 && !refill()) {
        if (in_member_)
          fail(who_, ": ", path_, ": the gzip data ends at byte ", file_bytes_, " of the file, wanted more; it is cut short: fetch it again");
        return 0;
      }
      if (!in_member_ && members_ > 0) begin_member();
      in_member_ = true;
      z_.next_in = buffer_.data() + at_;
      z_.avail_in = static_cast<uInt>(left_);
      z_.next_out = reinterpret_cast<Bytef*>(out);
      z_.avail_out = room;
      const int code = inflate(&z_, Z_NO_FLUSH);
      at_ += left_ - z_.avail_in;
      left_ = z_.avail_in;
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        fail(who_, ": ", path_, ": damaged gzip data before byte ", file_bytes_ - left_, " of the file (", z_.msg ? z_.msg : "zlib error",
             "); fetch it again");
      if (code == Z_STREAM_END) {
        in_member_ = false;
        ++members_;
      }
      if (room > z_.avail_out) return room - z_.avail_out;
    }
  }

  // Bytes after a member must be another member: anything else is not part of the file that was packed.
  void begin_member() {
    if (next()[0] != 0x1f)
      fail(who_, ": ", path_, ": found other bytes after the gzip data at byte ", file_bytes_ - left_,
           " of the file, wanted its end; fetch it again");
    inflateReset(&z_);
  }

  std::string path_, who_;
  descriptor file_;
  bool packed_ = false, in_member_ = false;
  int members_ = 0;
  z_stream z_{};
  std::vector<unsigned char> buffer_;
  std::size_t at_ = 0, left_ = 0;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace relreason
