# find_package(dcgan) and its target dcgan::dcgan: the trainer, the public headers and the static
# libraries below it. `cmake --install BUILD` installs these and the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/dcgan)
foreach(layer IN ITEMS api io image data ops simt kernels backend_simt backend_simt_check backend_cuda
                       backend nn models config train)
  if(TARGET dcgan_${layer})
    set_target_properties(dcgan_${layer} PROPERTIES EXPORT_NAME ${layer})
    list(APPEND layers dcgan_${layer})
  endif()
endforeach()
install(TARGETS dcgan ${layers} EXPORT dcgan ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/dcgan DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT dcgan NAMESPACE dcgan:: FILE dcganTargets.cmake DESTINATION ${package} COMPONENT library)
set(config "include(\${CMAKE_CURRENT_LIST_DIR}/TrainerDependencies.cmake)\n")
if(DCGAN_CUDA)
  string(APPEND config "find_package(CUDAToolkit REQUIRED)\n")
endif()
string(APPEND config "include(\${CMAKE_CURRENT_LIST_DIR}/dcganTargets.cmake)\n")
file(WRITE ${PROJECT_BINARY_DIR}/dcganConfig.cmake "${config}")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dcganConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dcganConfig.cmake ${PROJECT_BINARY_DIR}/dcganConfigVersion.cmake
              cmake/TrainerDependencies.cmake
        DESTINATION ${package} COMPONENT library)
install(TARGETS dcgan_cuda RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
