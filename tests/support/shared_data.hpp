// tests/support/shared_data.hpp -- where the real data files lie, if they do.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// The path of a file or folder of real data, or nothing (and one line that says so) where it is absent.
inline std::optional<std::string> shared_data(std::string_view relative) {
  const char* root = std::getenv("RELREASON_SHARED_DATA");
  const std::string path = (root ? std::string(root) : std::string(RELREASON_SOURCE_DIR "/../shared/data")) + "/" + std::string(relative);
  if (std::filesystem::exists(path)) return path;
  std::printf("skipped: no %s; set RELREASON_SHARED_DATA to the folder of real data\n", path.c_str());
  return std::nullopt;
}
