// relreason/data/sealed_build.hpp -- makes the files of sealed_file.hpp: opened where they are there, else built in FILE.partial by many threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/resumable_file.hpp"
#include "relreason/data/sealed_file.hpp"
#include "relreason/train/progress.hpp"

namespace relreason::detail {

// File(path), if it is there and check(File) has no error; else after build(resumable_file&), which ends with seal_and_rename().
template <class File, class Check, class Build>
File open_or_build(const std::string& path, const std::string& who, Check&& check, Build&& build) {
  const auto open_finished = [&]() -> std::optional<File> {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return std::nullopt;
    File there(path);
    check(there);
    return there;
  };
  if (auto there = open_finished()) return std::move(*there);
  resumable_file file(path, who);
  // Another program may have finished it while this one waited for the lock.
  if (auto there = open_finished()) {
    file.discard();
    return std::move(*there);
  }
  build(file);
  return File(path);
}

// make(i) for i in [0, n) on all threads; it returns how much it did, as the bar counts it. After the first error, which is thrown in the end, no
// other part is begun.
template <class Make>
void build_parts(int n, executor& threads, std::optional<progress>& bar, Make&& make) {
  std::atomic<long long> done{0};
  std::atomic<bool> stop{false};
  std::mutex drawing;
  failure first;
  threads.parallel_for(n, [&](int i) {
    if (stop) return;
    long long amount = -1;
    first.guard([&] { amount = make(i); });
    if (amount < 0) {
      stop = true;
      return;
    }
    const long long now = done += amount;
    if (const std::unique_lock lock(drawing, std::try_to_lock); bar && lock.owns_lock()) bar->update(now);
  });
  first.rethrow();
}

// The last act: all that was written is on the disk before the seal, and the seal before the name.
template <sealed_header Header>
void seal_and_rename(resumable_file& file, Header head, std::span<const std::byte> covered) {
  head.seal = seal_of(head, covered);
  file.flush();
  file.write_value(head, 0);
  file.flush();
  file.rename();
}

}  // namespace relreason::detail
