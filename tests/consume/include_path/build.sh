#!/usr/bin/env bash
# A stranger's build without CMake: two include paths and -pthread. Run as build.sh COMPILER RELREASON_SOURCE EIGEN_INCLUDE FOLDER.
set -eu
here=$(dirname "$0")
"$1" -std=c++20 -O1 -I"$2/include" -I"$3" "$here/../program.cpp" -pthread -o "$4/program"
"$1" -std=c++20 -O1 -I"$2/include" "$here/../data_program.cpp" -lsimdjson -lpng -ljpeg -lz -o "$4/data_program"
