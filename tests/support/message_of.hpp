// tests/support/message_of.hpp -- the text of the error that a piece of code reports.
#pragma once

#include <string>

#include "relreason/core/error.hpp"

// Empty where no error came.
template <class Code>
std::string message_of(Code&& code) {
  try {
    code();
  } catch (const relreason::error& e) {
    return e.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
