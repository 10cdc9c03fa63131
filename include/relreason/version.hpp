// relreason/version.hpp -- the library's version, stated once: CMake, Conan and checkpoints read it here.
#pragma once

#define RELREASON_VERSION_MAJOR 0
#define RELREASON_VERSION_MINOR 1
#define RELREASON_VERSION_PATCH 0

#define RELREASON_TEXT_OF(x) #x
#define RELREASON_JOIN_VERSION(major, minor, patch) RELREASON_TEXT_OF(major) "." RELREASON_TEXT_OF(minor) "." RELREASON_TEXT_OF(patch)

namespace relreason {

inline constexpr const char* version = RELREASON_JOIN_VERSION(RELREASON_VERSION_MAJOR, RELREASON_VERSION_MINOR, RELREASON_VERSION_PATCH);

}  // namespace relreason
