# Install rules: headers, and a package that find_package(relreason [COMPONENTS data cuda]) finds. Nothing here depends on the architecture.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(relreason_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/relreason)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/relreason)
install(TARGETS relreason EXPORT relreasonTargets)
install(EXPORT relreasonTargets NAMESPACE relreason:: DESTINATION ${relreason_package_dir})
if(TARGET relreason_data)
  install(TARGETS relreason_data EXPORT relreasonDataTargets)
  install(EXPORT relreasonDataTargets NAMESPACE relreason:: DESTINATION ${relreason_package_dir})
endif()

configure_package_config_file(cmake/relreasonConfig.cmake.in relreasonConfig.cmake INSTALL_DESTINATION ${relreason_package_dir})
write_basic_package_version_file(relreasonConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/relreasonConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/relreasonConfigVersion.cmake cmake/find_cuda.cmake
              cmake/find_faiss.cmake
        DESTINATION ${relreason_package_dir})
