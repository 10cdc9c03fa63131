// bench/clevr_loader.cpp -- seconds and peak memory of reading 700,000 questions (700 MB), plain and gzip.
// Writes both files to a temporary folder first (about 0.9 GB) and removes them; each reading runs in a process of its own.
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr_files.hpp"

namespace clevr = relreason::clevr;

namespace {

// The shape of a published question with 10 program nodes, indented as little as the released files are; about 1,000 bytes.
std::string question_text(int i) {
  static const char* const program =
      R"("program": [{"inputs": [], "function": "scene", "value_inputs": []}, )"
      R"({"inputs": [0], "function": "filter_size", "value_inputs": ["large"]}, )"
      R"({"inputs": [1], "function": "filter_color", "value_inputs": ["green"]}, )"
      R"({"inputs": [2], "function": "filter_shape", "value_inputs": ["cube"]}, )"
      R"({"inputs": [3], "function": "count", "value_inputs": []}, {"inputs": [], "function": "scene", "value_inputs": []}, )"
      R"({"inputs": [5], "function": "filter_material", "value_inputs": ["metal"]}, )"
      R"({"inputs": [6], "function": "filter_shape", "value_inputs": ["cube"]}, )"
      R"({"inputs": [7], "function": "count", "value_inputs": []}, {"inputs": [4, 8], "function": "greater_than", "value_inputs": []}])";
  const std::string image = std::to_string(i / 10), color(clevr::colors[static_cast<std::size_t>(i % 8)]);
  return R"({"image_index": )" + image + ", " + program + R"(, "question_index": )" + std::to_string(i) + R"(, "image_filename": "CLEVR_train_)" +
         std::string(6 - std::min<std::size_t>(6, image.size()), '0') + image + R"(.png", "question_family_index": )" + std::to_string(i % 90) +
         R"(, "split": "train", "answer": ")" + (i % 2 ? "no" : "yes") + R"(", "question": "Are there more big )" + color +
         R"( cubes that are on the right side of the tiny yellow matte sphere than tiny shiny cylinders in front of the red block?"})";
}

void write_files(const std::string& plain, const std::string& packed, int n) {
  std::FILE* text = std::fopen(plain.c_str(), "wb");
  const gzFile gz = gzopen(packed.c_str(), "wb1");
  if (!text || !gz) relreason::fail("clevr_loader: cannot write ", plain, "; set TMPDIR to a folder with 1 GB of room");
  const auto put = [&](const std::string& s) {
    if (std::fwrite(s.data(), 1, s.size(), text) != s.size() || gzwrite(gz, s.data(), static_cast<unsigned>(s.size())) == 0)
      relreason::fail("clevr_loader: cannot write ", plain, "; set TMPDIR to a folder with 1 GB of room");
  };
  put(R"({"info": {"split": "train", "version": "1.0"}, "questions": [)");
  for (int i = 0; i < n; ++i) put((i ? ", " : "") + question_text(i));
  put("]}");
  if (std::fclose(text) != 0 || gzclose(gz) != Z_OK) relreason::fail("clevr_loader: cannot finish ", plain);
}

void read_and_print(const std::string& path, int n) {
  const auto begin = std::chrono::steady_clock::now();
  const auto questions = clevr::read_questions(path);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  std::printf("%-18s %7.1f MB  %zu questions  %6.2f s  peak %5.0f MB\n", std::filesystem::path(path).filename().c_str(),
              static_cast<double>(std::filesystem::file_size(path)) / 1e6, questions.size(), seconds,
              static_cast<double>(use.ru_maxrss) * 1024 / 1e6);
  if (questions.size() != static_cast<std::size_t>(n)) relreason::fail("clevr_loader: found ", questions.size(), " questions, wanted ", n);
}

bool in_own_process(const std::string& path, int n) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    try {
      read_and_print(path, n);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      std::_Exit(1);
    }
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const int n = argc > 1 ? std::atoi(argv[1]) : 700'000;
  if (n < 1) relreason::fail("clevr_loader: found ", argv[1], ", wanted a number of questions");
  std::string folder = (std::filesystem::temp_directory_path() / "clevr_loader.XXXXXX").string();
  if (!::mkdtemp(folder.data())) relreason::fail("clevr_loader: cannot make a folder like ", folder);
  const std::string plain = folder + "/questions.json", packed = plain + ".gz";
  bool good = false;
  try {
    write_files(plain, packed, n);
    good = in_own_process(plain, n);
    good = in_own_process(packed, n) && good;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
