// relreason/data/mapped_file.hpp -- the bytes of a file, mapped where the file system allows it and read where not.
// A mapped file must not be cut short while it is in use (the system then sends SIGBUS); atomic_file replaces files without touching old bytes.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason {

// A whole file in memory, read only, for as long as the object lives.
class mapped_file {
 public:
  enum class how { map_or_read, read };

  mapped_file() = default;
  // `who` begins every message, as in "safetensors::open".
  explicit mapped_file(const std::string& path, const std::string& who = "mapped_file", how way = how::map_or_read) {
    // Without O_NONBLOCK a named pipe would wait here for a writer that may never come.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0) fail(who, ": cannot open ", path, ": ", std::strerror(errno), "; check the path and the permissions");
    struct stat status;
    if (::fstat(file.number, &status) != 0) fail(who, ": cannot inspect ", path, ": ", std::strerror(errno));
    if (!S_ISREG(status.st_mode))
      fail(who, ": found ", path, " to be ", S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device", ", wanted a regular file; save it as one");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return;
    if (way == how::map_or_read) {
      void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
      if (start != MAP_FAILED) {
        map_ = {static_cast<const std::byte*>(start), size};
        return;
      }
    }
    read(file.number, size, path, who);
  }

  mapped_file(mapped_file&& other) noexcept : map_(std::exchange(other.map_, {})), copy_(std::move(other.copy_)) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(map_, other.map_);
    std::swap(copy_, other.copy_);
    return *this;
  }
  ~mapped_file() {
    if (!map_.empty()) ::munmap(const_cast<std::byte*>(map_.data()), map_.size());
  }

  // Stays where it is when the object is moved.
  std::span<const std::byte> bytes() const { return map_.empty() ? std::span<const std::byte>(copy_) : map_; }
  bool mapped() const { return !map_.empty(); }

 private:
  struct descriptor {
    int number;
    ~descriptor() {
      if (number >= 0) ::close(number);
    }
  };

  void read(int file, std::size_t size, const std::string& path, const std::string& who) {
    copy_.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const auto got = ::read(file, copy_.data() + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(who, ": cannot read ", path, " at byte ", done, ": ", std::strerror(errno));
      if (got == 0) fail(who, ": ", path, " ended at byte ", done, ", wanted ", size, "; is another program writing it? try again");
      done += static_cast<std::size_t>(got);
    }
  }

  std::span<const std::byte> map_;
  std::vector<std::byte> copy_;
};

}  // namespace relreason
