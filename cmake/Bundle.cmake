# What tools/gpu_bundle.sh carries to machines without packages: the programs in bin/, in lib/ every
# shared library they need that such a machine lacks, and the fixtures. Installed by
#   cmake --install BUILD --component bundle --prefix DIR --strip
set(bundled dcgan_cuda train_step test_ops test_train)
if(TARGET kernels)
  list(APPEND bundled kernels)
endif()
set_target_properties(${bundled} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
foreach(program ${bundled})
  # DT_RPATH, which the libraries' own libraries are looked up in as well; DT_RUNPATH is not.
  target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
endforeach()
install(TARGETS ${bundled} RUNTIME_DEPENDENCY_SET bundled_libraries
        RUNTIME DESTINATION bin COMPONENT bundle EXCLUDE_FROM_ALL)
# Not the C and C++ runtimes, which every Linux has, nor the driver's and the CUDA Toolkit's: they
# belong to the machine.
install(RUNTIME_DEPENDENCY_SET bundled_libraries
        PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv|stdc\\+\\+|gcc_s)\\.so"
                            "^lib(cuda|nvidia|cublas|cudnn)"
        LIBRARY DESTINATION lib COMPONENT bundle EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/fixtures DESTINATION . COMPONENT bundle EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN "*.safetensors")
