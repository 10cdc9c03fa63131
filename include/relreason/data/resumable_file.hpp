// relreason/data/resumable_file.hpp -- a large file that is written in places, in any order, and kept for the next program when this one stops.
// Works in FILE.partial and renames it to FILE at the end. What in it is complete is for the caller to mark, as by checksums;
// atomic_file.hpp is for files that are written at once.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"

namespace relreason {

// Many threads may write, each in places of its own. Owned by a lock until it is renamed; other errors leave it as it is.
class resumable_file {
 public:
  // `who` begins every message. What an earlier program left in FILE.partial is there to be read.
  resumable_file(std::string path, std::string who) : path_(std::move(path)), partial_(path_ + ".partial"), who_(std::move(who)) { open_locked(); }
  resumable_file(const resumable_file&) = delete;
  resumable_file& operator=(const resumable_file&) = delete;
  ~resumable_file() {
    if (file_ >= 0) ::close(file_);
  }

  const std::string& partial() const { return partial_; }

  void write(std::span<const std::byte> bytes, std::uint64_t at) const {
    const detail::hold_file_size_signal hold;
    while (!bytes.empty()) {
      const auto n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) give_up("write");
      at += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  template <class T>
  void write_value(const T& value, std::uint64_t at) const {
    write(std::as_bytes(std::span(&value, 1)), at);
  }

  // Fewer bytes than asked for only at the end of the file.
  std::size_t read(std::span<std::byte> to, std::uint64_t at) const {
    std::size_t done = 0;
    while (done < to.size()) {
      const auto n = ::pread(file_, to.data() + done, to.size() - done, static_cast<off_t>(at + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) give_up("read");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  void empty() const {
    if (::ftruncate(file_, 0) != 0) give_up("empty");
  }
  // Exactly so long, with room on the disk for it where the file system can promise that.
  void reserve(std::uint64_t bytes) const {
    const detail::hold_file_size_signal hold;
    if (::ftruncate(file_, static_cast<off_t>(bytes)) != 0) give_up("make room for", bytes);
#if defined(__linux__)
    int code;
    do code = ::fallocate(file_, 0, 0, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
    while (code == EINTR);
    errno = code;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG) give_up("make room for", bytes);
#endif
  }
  void flush() const {
    if (::fsync(file_) != 0) give_up("flush");
  }

  void rename() {
    if (::rename(partial_.c_str(), path_.c_str()) != 0) give_up("rename");
    ::close(std::exchange(file_, -1));
    const auto slash = path_.rfind('/');
    const int folder = ::open((slash == std::string::npos ? "." : path_.substr(0, slash + 1)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // Not every file system can flush a folder; the file itself is on the disk already.
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
  }
  void discard() {
    ::unlink(partial_.c_str());
    ::close(std::exchange(file_, -1));
  }

 private:
  void open_locked() {
    constexpr int tries = 16;
    for (int i = 0; i < tries; ++i) {
      file_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
      if (file_ < 0) fail(who_, ": cannot create ", partial_, ": ", std::strerror(errno), "; ", detail::advice(errno));
      if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ::close(std::exchange(file_, -1));
        fail(who_, ": ", path_, " is being built by another program or thread (lock on ", partial_, "); wait for it or choose another name");
      }
      struct stat mine, named;
      if (::fstat(file_, &mine) != 0) give_up("inspect");
      if (!S_ISREG(mine.st_mode)) fail(who_, ": ", partial_, " exists and is no regular file; remove it");
      // Between open and lock its former owner may have renamed it: then it is finished and not ours to write.
      if (::stat(partial_.c_str(), &named) == 0 && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev) return;
      ::close(std::exchange(file_, -1));
    }
    fail(who_, ": ", path_, " is being built by other programs all the time; choose another name");
  }

  [[noreturn]] void give_up(const char* doing, std::uint64_t bytes = 0) const {
    const int code = errno;
    const std::string needed = bytes ? " " + std::to_string(bytes) + " bytes in" : "";
    fail(who_, ": cannot ", doing, needed, " ", partial_, ": ", std::strerror(code), "; ", detail::advice(code),
         "; then run it again: what is done is kept");
  }

  std::string path_, partial_, who_;
  int file_ = -1;
};

}  // namespace relreason
