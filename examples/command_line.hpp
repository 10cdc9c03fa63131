// examples/command_line.hpp -- what the programs' command lines share.
#pragma once

#include <stdexcept>

// A wrong command line: exit status 2.
struct usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};
