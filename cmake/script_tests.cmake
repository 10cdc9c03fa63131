# Tests that drive a compiler or CMake themselves: bash scripts under tests/, one argument list each.
find_program(RELREASON_GCC NAMES g++)
find_program(RELREASON_CLANG NAMES clang++)
mark_as_advanced(RELREASON_GCC RELREASON_CLANG)
get_target_property(eigen_include Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
list(GET eigen_include 0 eigen_include)
list(JOIN relreason_cccl_dirs : cccl_include)  # empty without CUDA

# relreason_script_test(NAME LABEL FOLDER [ARGUMENTS...]): runs tests/FOLDER/run.sh with its own scratch folder in WORK
# and the build folder in BINARY.
function(relreason_script_test name label folder)
  add_test(NAME ${name} COMMAND bash ${PROJECT_SOURCE_DIR}/tests/${folder}/run.sh ${ARGN})
  string(REPLACE / _ scratch ${name})
  set(alone OFF)  # these use all cores by themselves
  if(label MATCHES "^(headers|compile_fail|docs|format)$")
    set(alone ON)
  endif()
  set_tests_properties(
    ${name} PROPERTIES LABELS ${label} TIMEOUT 1500 RUN_SERIAL ${alone}
    ENVIRONMENT "SOURCE=${PROJECT_SOURCE_DIR};WORK=${PROJECT_BINARY_DIR}/scratch/${scratch};BINARY=${PROJECT_BINARY_DIR};EIGEN_INCLUDE=${eigen_include};CCCL_INCLUDE=${cccl_include};CMAKE=${CMAKE_COMMAND}"
  )
endfunction()

# Registered above, or beside their programs with other arguments (race, fuzz).
set(known_folders headers compile_fail docs format consume python race fuzz)
foreach(compiler IN ITEMS "${RELREASON_GCC}" "${RELREASON_CLANG}")
  if(compiler)
    cmake_path(GET compiler FILENAME short)
    relreason_script_test(headers/${short} headers headers ${compiler})
    relreason_script_test(compile_fail/${short} compile_fail compile_fail ${compiler})
  endif()
endforeach()
relreason_script_test(docs docs docs ${CMAKE_CXX_COMPILER})
relreason_script_test(format format format)
foreach(way IN ITEMS find_package add_subdirectory fetch_content include_path conan)
  relreason_script_test(consume/${way} consume consume ${way} ${CMAKE_CXX_COMPILER})
endforeach()

# Any other tests/FOLDER/run.sh is a test that is given the compiler.
file(GLOB scripts CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*/run.sh)
foreach(script IN LISTS scripts)
  cmake_path(GET script PARENT_PATH folder)
  if(NOT folder IN_LIST known_folders)
    relreason_script_test(scripts/${folder} scripts ${folder} ${CMAKE_CXX_COMPILER})
  endif()
endforeach()

# relreason_python_test(FOLDER/SCRIPT.py PROGRAM): runs tests/FOLDER/SCRIPT.py with the program built from tests/FOLDER/PROGRAM.cpp.
function(relreason_python_test script program)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/tests/${script})
    return()
  endif()
  cmake_path(GET script PARENT_PATH folder)
  cmake_path(GET script STEM name)
  add_executable(${program} ${folder}/${program}.cpp)
  target_link_libraries(${program} PRIVATE relreason::data relreason_warnings)
  relreason_script_test(python/${name} python python ${PROJECT_SOURCE_DIR}/tests/${script} $<TARGET_FILE:${program}>)
  set_tests_properties(python/${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()
relreason_python_test(data/safetensors_python.py tensor_files)
if(TARGET rn_clevr)
  relreason_script_test(python/export_pytorch python python ${PROJECT_SOURCE_DIR}/tests/python/export_pytorch.py $<TARGET_FILE:rn_clevr>)
  set_tests_properties(python/export_pytorch PROPERTIES SKIP_RETURN_CODE 77)
endif()
