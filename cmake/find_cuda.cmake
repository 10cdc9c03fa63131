# Finds the CUDA toolkit (12.4 or newer) and its CCCL headers (Thrust, CUB). Our own build and the installed package share this.
#   relreason_find_cuda()  sets relreason_cuda_found, relreason_cuda_absent (why not), relreason_cccl_dirs
#   relreason_describe_cuda(TARGET LIBRARY)  gives the interface TARGET what relreason::cuda brings beside LIBRARY
set(relreason_cuda_minimum 12.4)

macro(relreason_find_cuda)
  set(relreason_cuda_found OFF)
  set(relreason_cuda_absent "no CUDA toolkit was found (CUDAToolkit_ROOT names its folder)")
  set(relreason_cccl_dirs "")
  find_package(CUDAToolkit QUIET)
  if(CUDAToolkit_FOUND)
    # CUDA 13 keeps CCCL in include/cccl, CUDA 12 in include.
    find_path(RELREASON_CCCL NAMES thrust/for_each.h HINTS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl NO_DEFAULT_PATH)
    mark_as_advanced(RELREASON_CCCL)
    if(CUDAToolkit_VERSION VERSION_LESS relreason_cuda_minimum)
      set(relreason_cuda_absent "found CUDA ${CUDAToolkit_VERSION}, wanted ${relreason_cuda_minimum} or newer")
    elseif(NOT TARGET CUDA::cudart OR NOT TARGET CUDA::cublasLt OR NOT RELREASON_CCCL)
      set(relreason_cuda_absent "the toolkit in ${CUDAToolkit_BIN_DIR} lacks cudart, cublasLt or the CCCL headers")
    else()
      set(relreason_cuda_found ON)
      set(relreason_cccl_dirs ${RELREASON_CCCL} ${CUDAToolkit_INCLUDE_DIRS})
      list(REMOVE_DUPLICATES relreason_cccl_dirs)
    endif()
  endif()
endmacro()

function(relreason_describe_cuda target library)
  target_link_libraries(${target} INTERFACE ${library} CUDA::cudart CUDA::cublasLt)
  target_include_directories(${target} SYSTEM INTERFACE ${relreason_cccl_dirs})
  # CMake before 3.26 does not know that nvcc has C++20.
  target_compile_options(${target} INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
endfunction()
