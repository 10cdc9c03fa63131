// tests/optim/reference.hpp -- reads tests/reference/optim.txt, which tests/reference/optim.py wrote with PyTorch.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"

// The numbers of the line that begins with this name.
inline std::vector<double> optim_reference(const std::string& name) {
  std::ifstream file(RELREASON_SOURCE_DIR "/tests/reference/optim.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word != name) continue;
    std::vector<double> numbers;
    while (words >> word) numbers.push_back(std::strtod(word.c_str(), nullptr));  // also reads "nan"
    return numbers;
  }
  FAIL("tests/reference/optim.txt has no line " << name);
  return {};
}
