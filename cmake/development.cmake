# What only this repository's own build needs: a default build type, strict warnings, ccache.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(RELREASON_CCACHE ccache)
mark_as_advanced(RELREASON_CCACHE)
if(RELREASON_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RELREASON_CCACHE})
endif()

add_library(relreason_warnings INTERFACE)
target_compile_options(relreason_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
