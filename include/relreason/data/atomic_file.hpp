// relreason/data/atomic_file.hpp -- replaces a file as a whole or not at all, whatever happens meanwhile.
// Writes FILE.partial beside FILE, flushes it to the disk, checks its size, renames it over FILE and flushes the folder.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "relreason/core/error.hpp"

namespace relreason {

namespace detail {

// A write beyond the file-size limit sends SIGXFSZ to the writing thread, which ends the program. While this object lives the signal
// waits instead and write returns EFBIG. Touches this thread's mask only, so other threads and the host's handlers are left alone.
class hold_file_size_signal {
 public:
  hold_file_size_signal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    sigset_t waiting;
    sigpending(&waiting);
    was_waiting_ = sigismember(&waiting, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  hold_file_size_signal(const hold_file_size_signal&) = delete;
  ~hold_file_size_signal() {
    const int kept = errno;
    const timespec at_once{0, 0};
    if (!was_waiting_)
      while (sigtimedwait(&signal_, nullptr, &at_once) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = kept;
  }

 private:
  sigset_t signal_, before_;
  bool was_waiting_ = false;
};

inline const char* advice(int code) {
  if (code == ENOSPC || code == EDQUOT) return "free some space on that disk";
  if (code == EFBIG) return "raise the limit on file sizes (ulimit -f)";
  if (code == ENOENT || code == ENOTDIR) return "create the folder first";
  if (code == EACCES || code == EPERM || code == EROFS) return "choose a folder that you may write to";
  return "try another folder";
}

}  // namespace detail

class atomic_file {
 public:
  // Nothing of an existing file at `path` changes before commit(). A link is followed: the file it points to is replaced.
  explicit atomic_file(const std::string& path) : path_(path), target_(path) {
    if (char* real = ::realpath(path.c_str(), nullptr)) {
      target_ = real;
      std::free(real);
    }
    // Renaming over a device or folder would destroy it.
    struct stat old;
    const bool exists = ::stat(target_.c_str(), &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) fail("atomic_file: ", path_, " exists and is no regular file; choose another name");
    partial_ = target_ + ".partial";
    open_locked();
    if (exists && ::fchmod(file_, old.st_mode & 07777) != 0) give_up("set the permissions of");
  }

  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() { discard(); }

  void write(std::span<const std::byte> bytes) {
    if (file_ < 0) fail("atomic_file: write to ", path_, " after it was committed or had failed; begin again with a new atomic_file");
    const detail::hold_file_size_signal hold;
    while (!bytes.empty()) {
      const auto n = ::write(file_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) give_up("write");
      written_ += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  std::uint64_t written() const { return written_; }

  // After this returns, FILE holds exactly what was written, also after a power cut.
  void commit() {
    if (file_ < 0) fail("atomic_file: commit of ", path_, " after it was committed or had failed; begin again with a new atomic_file");
    if (::fsync(file_) != 0) give_up("flush");
    struct stat now;
    if (::fstat(file_, &now) != 0) give_up("inspect");
    if (static_cast<std::uint64_t>(now.st_size) != written_) {
      discard();
      fail("atomic_file: found ", now.st_size, " bytes in ", partial_, ", wanted ", written_, "; does another program write it? ", path_,
           " is unchanged");
    }
    if (::rename(partial_.c_str(), target_.c_str()) != 0) give_up("rename");
    const int file = file_;
    file_ = -1;
    if (::close(file) != 0 && errno != EINTR) fail("atomic_file: closing ", path_, " failed: ", std::strerror(errno), "; check the file");
    flush_folder();
  }

 private:
  // The lock is on the file that is written, so two writers of one path never mix; what a killed program left is used again.
  void open_locked() {
    constexpr int tries = 16;
    for (int i = 0; i < tries; ++i) {
      file_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
      if (file_ < 0) fail("atomic_file: cannot create ", partial_, ": ", std::strerror(errno), "; ", detail::advice(errno));
      if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close_only();
        fail("atomic_file: ", path_, " is being written by another program or thread (lock on ", partial_, "); wait for it or choose another name");
      }
      struct stat mine, named;
      if (::fstat(file_, &mine) != 0) give_up("inspect");
      if (!S_ISREG(mine.st_mode)) {
        close_only();
        fail("atomic_file: ", partial_, " exists and is no regular file; remove it");
      }
      // Between open and lock its former owner may have renamed or removed it: then it is no longer ours to write.
      if (::stat(partial_.c_str(), &named) == 0 && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev) {
        if (::ftruncate(file_, 0) != 0) give_up("empty");
        return;
      }
      close_only();
    }
    fail("atomic_file: ", path_, " is being written by other programs all the time; choose another name");
  }

  void close_only() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  // Removed while the lock is held, so that no other writer's file is meant.
  void discard() {
    if (file_ < 0) return;
    ::unlink(partial_.c_str());
    close_only();
  }

  [[noreturn]] void give_up(const char* doing) {
    const int code = errno;
    discard();
    fail("atomic_file: cannot ", doing, " ", partial_, " after ", written_, " bytes: ", std::strerror(code), "; ", detail::advice(code), "; ", path_,
         " is unchanged");
  }

  void flush_folder() const {
    const auto slash = target_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
    const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) fail("atomic_file: ", path_, " is written, but cannot open its folder to flush it: ", std::strerror(errno));
    const int code = ::fsync(at) == 0 ? 0 : errno;
    ::close(at);
    // Some network file systems cannot flush a folder and say EINVAL.
    if (code != 0 && code != EINVAL) fail("atomic_file: ", path_, " is written, but flushing its folder failed: ", std::strerror(code));
  }

  std::string path_, target_, partial_;
  int file_ = -1;
  std::uint64_t written_ = 0;
};

}  // namespace relreason
