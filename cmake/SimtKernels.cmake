# Kernels compiled for the SIMT machine.
#
# dcgan_simt_kernels(NAME TARGET NAMESPACE [CHECKED] SOURCES FILES...): an object library. CHECKED:
# for check mode, in which the machine sees every load and store. They reach it as the
# callbacks of -fsanitize=thread, which src/simt/observe answers; that sanitizer itself is not linked.

# Check mode needs GCC, whose callbacks these are, and libbacktrace, which comes with GCC.
option(DCGAN_SIMT_CHECK "Build simt-check: the SIMT machine's check mode" ON)
if(DCGAN_SIMT_CHECK)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES backtrace)
  check_cxx_source_compiles("
    #include <backtrace.h>
    int main() { return backtrace_create_state(nullptr, 1, nullptr, nullptr) == nullptr; }"
    DCGAN_HAS_LIBBACKTRACE)
  unset(CMAKE_REQUIRED_LIBRARIES)
  set(missing)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(missing "which needs GCC")
  elseif(NOT DCGAN_HAS_LIBBACKTRACE)
    set(missing "which needs libbacktrace")
  elseif(DCGAN_SANITIZE MATCHES "thread")
    set(missing "which replaces the thread sanitizer's callbacks")
  endif()
  if(missing)
    message(STATUS "dcgan_cuda: building without simt-check, ${missing}; no test looks for races, wrong addresses and unwritten memory")
    set(DCGAN_SIMT_CHECK OFF)  # in this run; the cache keeps what the user asked for
  endif()
endif()

# What code of a target, kernels and host code alike, is compiled with: the machine's cuda_runtime.h.
function(dcgan_of_simt_target name target)
  cmake_parse_arguments(arg "CHECKED" "" "" ${ARGN})
  target_include_directories(${name} BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/src/simt/cuda)
  dcgan_see_headers(${name} simt)
  target_compile_definitions(${name} PRIVATE DCGAN_TARGET=${target})
  if(arg_CHECKED)
    target_compile_definitions(${name} PRIVATE SIMT_CHECKED=true)
  endif()
endfunction()

function(dcgan_simt_kernels name)
  cmake_parse_arguments(arg "CHECKED" "TARGET" "SOURCES" ${ARGN})
  add_library(${name} OBJECT ${arg_SOURCES})
  set_source_files_properties(${arg_SOURCES} PROPERTIES LANGUAGE CXX SKIP_UNITY_BUILD_INCLUSION ON)
  target_compile_options(${name} PRIVATE -xc++ -ffp-contract=fast)  # fused, as by nvcc
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${name} PRIVATE -mavx2 -mfma)  # checked for before a backend is made
  endif()
  if(arg_CHECKED)
    dcgan_of_simt_target(${name} ${arg_TARGET} CHECKED)
    # No other sanitizer. One access of the source is to be one callback, under its own line.
    target_link_libraries(${name} PRIVATE dcgan_warnings dcgan_kernels)
    target_compile_options(${name} PRIVATE
      -O2 -g -fsanitize=thread --param tsan-instrument-func-entry-exit=0
      -fsanitize-coverage=trace-pc  # tells profile mode each lane's path
      -fno-strict-aliasing -fno-tree-vectorize -fno-tree-loop-distribute-patterns -fno-ipa-icf
      -fno-optimize-sibling-calls -fno-extern-tls-init)
  else()
    dcgan_of_simt_target(${name} ${arg_TARGET})
    target_link_libraries(${name} PRIVATE dcgan_options dcgan_kernels)
    target_compile_options(${name} PRIVATE ${DCGAN_KERNEL_OPTIONS})
  endif()
endfunction()
