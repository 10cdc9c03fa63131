// tests/data/atomic_file.test.cpp -- the old file stays whole until the new one is complete, whatever fails.
#include "relreason/data/atomic_file.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using relreason::atomic_file;
namespace fs = std::filesystem;

namespace {

int files_in(const std::string& folder) {
  int n = 0;
  for (const auto& one : fs::directory_iterator(folder)) n += one.exists() || one.is_symlink();
  return n;
}

// Mounts of this process are its own from here on. Without root that takes a user name space in which it is root.
bool own_name_space() {
  const std::string user = "0 " + std::to_string(getuid()) + " 1", group = "0 " + std::to_string(getgid()) + " 1";
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    put_content("/proc/self/setgroups", "deny");
    put_content("/proc/self/uid_map", user);
    put_content("/proc/self/gid_map", group);
  }
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Largest file that this process may write, put back at the end.
struct file_size_limit {
  rlimit before;
  explicit file_size_limit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit now = before;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_size_limit() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("atomic_file: commit puts the new content in place of the old, and leaves no other file", "[data][atomic_file]") {
  const temporary_folder folder;
  const std::string path = folder / "run";
  put_content(path, "old");
  atomic_file out(path);
  out.write("ne");
  out.write("w");
  CHECK(content_of(path) == "old");
  CHECK(out.written() == 3);
  out.commit();
  CHECK(content_of(path) == "new");
  CHECK(files_in(folder.path) == 1);
  CHECK(contains(message_of([&] { out.write("more"); }), "after it was committed"));
  CHECK(contains(message_of([&] { out.commit(); }), "after it was committed"));
}

TEST_CASE("atomic_file: without commit the old file stays and the temporary one goes", "[data][atomic_file]") {
  const temporary_folder folder;
  put_content(folder / "run", "old");
  { atomic_file(folder / "run").write("new"); }
  CHECK(content_of(folder / "run") == "old");
  CHECK(files_in(folder.path) == 1);
}

TEST_CASE("atomic_file: beyond the file-size limit the program lives, the error says so and the old file stays", "[data][atomic_file]") {
  const temporary_folder folder;
  put_content(folder / "run", "old");
  std::string message;
  {
    const file_size_limit limit(1000);
    message = message_of([&] {
      atomic_file out(folder / "run");
      out.write(std::string(600, 'a'));
      out.write(std::string(600, 'b'));
      out.commit();
    });
  }
  CHECK(contains(message, "cannot write " + folder.path + "/run.partial after 1000 bytes: File too large; raise the limit on file sizes"));
  CHECK(contains(message, "run is unchanged"));
  CHECK(content_of(folder / "run") == "old");
  CHECK(files_in(folder.path) == 1);
  // The signal was taken back: it neither waits nor stays blocked.
  sigset_t set;
  sigpending(&set);
  CHECK(sigismember(&set, SIGXFSZ) == 0);
  pthread_sigmask(SIG_BLOCK, nullptr, &set);
  CHECK(sigismember(&set, SIGXFSZ) == 0);
}

TEST_CASE("atomic_file: on a full disk the error says so, the old file stays, and the failed writer stays failed", "[data][atomic_file]") {
  // A disk of 64 KiB in a name space of its own, seen by a child process only. Its exit code is the first step that went wrong.
  enum step { passed, no_disk = 100, message, writer, old_file, left_over };
  const temporary_folder folder;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!own_name_space() || mount("tmpfs", folder.path.c_str(), "tmpfs", 0, "size=64k") != 0) _exit(no_disk);
    put_content(folder / "run", "old");
    atomic_file out(folder / "run");
    const std::string text = message_of([&] { out.write(std::string(100'000, 'a')); });
    if (!contains(text, "No space left on device; free some space on that disk")) _exit(message);
    if (!contains(message_of([&] { out.commit(); }), "had failed")) _exit(writer);
    if (content_of(folder / "run") != "old") _exit(old_file);
    _exit(files_in(folder.path) == 1 ? passed : left_over);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_disk) std::printf("[skipped] atomic_file on a full disk: no permission to mount a small one\n");
  else CHECK(WEXITSTATUS(status) == passed);
}

TEST_CASE("atomic_file: a place that cannot be written is refused before anything changes", "[data][atomic_file]") {
  const temporary_folder folder;
  put_content(folder / "file", "old");
  CHECK(contains(message_of([&] { atomic_file(folder / "none/run"); }), "No such file or directory; create the folder first"));
  CHECK(contains(message_of([&] { atomic_file(folder / "file/run"); }), "Not a directory"));
  CHECK(contains(message_of([&] { atomic_file("/proc/relreason"); }), "cannot create /proc/relreason.partial"));
  CHECK(contains(message_of([&] { atomic_file(std::string(folder.path)); }), "exists and is no regular file"));
  CHECK(contains(message_of([&] { atomic_file("/dev/null"); }), "exists and is no regular file"));
  fs::create_directory(folder / "run.partial");
  CHECK(contains(message_of([&] { atomic_file(folder / "run"); }), "cannot create"));
  CHECK(content_of(folder / "file") == "old");
}

TEST_CASE("atomic_file: a link keeps pointing to the file that is replaced, and permissions stay", "[data][atomic_file]") {
  const temporary_folder folder;
  put_content(folder / "real", "old");
  fs::permissions(folder / "real", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real", folder / "link");
  atomic_file out(folder / "link");
  out.write("new");
  out.commit();
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(content_of(folder / "real") == "new");
  CHECK(fs::status(folder / "real").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("atomic_file: two writers of one path never mix; the second is refused until the first has ended", "[data][atomic_file]") {
  const temporary_folder folder;
  {
    atomic_file first(folder / "run");
    first.write("first");
    CHECK(contains(message_of([&] { atomic_file second(folder / "run"); }), "is being written by another program or thread"));
    first.commit();
  }
  atomic_file second(folder / "run");
  second.write("second");
  CHECK(content_of(folder / "run") == "first");
  second.commit();
  CHECK(content_of(folder / "run") == "second");
}

TEST_CASE("atomic_file: what a killed program left does not disturb the next one", "[data][atomic_file]") {
  const temporary_folder folder;
  put_content(folder / "run", "old");
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    atomic_file out(folder / "run");
    out.write("a long text of which only a part was meant to stay");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  CHECK(content_of(folder / "run") == "old");
  CHECK(files_in(folder.path) == 2);
  atomic_file out(folder / "run");
  out.write("new");
  out.commit();
  CHECK(content_of(folder / "run") == "new");
  CHECK(files_in(folder.path) == 1);
}
