# relreason_find_faiss(TARGET LIBRARY) makes the interface TARGET of LIBRARY and FAISS, where FAISS and the OpenMP that it was built with are found.
# FAISS's own package names OpenMP::OpenMP_CXX but does not look for it; Debian's (libfaiss-dev) is a static library over any BLAS.
macro(relreason_find_faiss target library)
  find_package(OpenMP QUIET COMPONENTS CXX)
  if(OpenMP_CXX_FOUND)
    find_package(faiss CONFIG QUIET)
  endif()
  if(TARGET faiss AND NOT TARGET ${target})
    add_library(${target} INTERFACE ${ARGN})
    target_link_libraries(${target} INTERFACE ${library} faiss)
  endif()
endmacro()
