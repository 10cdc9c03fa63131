// tests/train/kill.test.cpp -- a program killed at random moments and started again ends in the bits of one that ran through.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "catch.hpp"
#include "support/small_run.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

constexpr const char* folder_variable = "RELREASON_KILLED_RUN";
constexpr const char* files[] = {"last.safetensors", "best.safetensors", "log.jsonl"};

// This program again, with the hidden case below alone.
pid_t start(const std::string& folder) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv(folder_variable, folder.c_str(), 1);
  if (!std::freopen("/dev/null", "w", stdout)) ::_exit(3);
  ::execl("/proc/self/exe", "killed", "[.killed]", static_cast<char*>(nullptr));
  ::_exit(3);
}
int ended(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}
bool finished(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

// What a kill left can be read, checksum and all, or is not there.
void check_readable(const std::string& folder) {
  for (const char* file : {"last.safetensors", "best.safetensors"})
    if (std::filesystem::exists(folder + "/" + file)) CHECK(read_record(safetensors::open(folder + "/" + file)).epoch >= 1);
}

}  // namespace

TEST_CASE("a training run to be killed", "[.killed][trains]") {
  const char* folder = std::getenv(folder_variable);
  REQUIRE(folder);
  auto o = small_run::options(folder, 8);
  o.save_every = 3;
  REQUIRE(small_run::run(o, 2));
}

TEST_CASE("run: killed 20 times at random moments, it ends in the bytes of a run that was not, and no torn file is taken for good",
          "[train][trains]") {
  constexpr int wanted_kills = 20;
  const auto begin = std::chrono::steady_clock::now();
  temporary_folder whole;
  REQUIRE(finished(ended(start(whole.path))));
  const std::chrono::duration<double> length = std::chrono::steady_clock::now() - begin;

  random_stream random{29, 0};
  int kills = 0, rounds = 0;
  while (kills < wanted_kills) {
    ++rounds;
    temporary_folder folder;
    for (bool done = false; !done;) {
      const pid_t child = start(folder.path);
      if (kills < wanted_kills) {
        std::this_thread::sleep_for(length * random.uniform());
        ::kill(child, SIGKILL);
      }
      const int status = ended(child);
      done = finished(status);
      if (done) break;
      REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
      ++kills;
      check_readable(folder.path);
    }
    for (const char* file : files) {
      INFO(file << " after " << kills << " kills, round " << rounds);
      CHECK((content_of(folder / file) == content_of(whole / file)));
    }
  }
}
