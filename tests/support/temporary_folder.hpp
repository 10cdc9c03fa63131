// tests/support/temporary_folder.hpp -- an empty folder that is removed at the end of the test.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

struct temporary_folder {
  std::string path;

  temporary_folder() : path((std::filesystem::temp_directory_path() / "relreason.XXXXXX").string()) {
    if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make a folder like " + path);
  }
  temporary_folder(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string operator/(std::string_view name) const { return path + "/" + std::string(name); }
};

inline std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put_content(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

// Takes the permission to read a file away. False, and one line that says so, for root, who reads every file.
inline bool forbid_reading(const std::string& path) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_write);
  if (::geteuid() != 0) return true;
  std::printf("skipped: root reads files without permission; run the tests as another user\n");
  return false;
}
