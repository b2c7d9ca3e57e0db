# The cuda backend, if it can be built. enable_language(CUDA) ends the configuration if nvcc does
# not work, so nvcc is tried first: its version, the GPUs it knows, and whether it builds a C++20
# program with the host's compiler. Sets DCGAN_CUDA to ON, with the language enabled, or to OFF.
set(DCGAN_CUDA AUTO CACHE STRING "Build the cuda backend: ON, OFF, or AUTO, if nvcc can build it")
set(DCGAN_CUDA_ARCHITECTURES "" CACHE STRING
    "Compute capabilities to compile for: 80;90, or native, or all; empty: native, or all without a GPU")

# A macro, so that it returns from this file.
macro(dcgan_without_cuda reason)
  if(NOT DCGAN_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "dcgan_cuda: DCGAN_CUDA=${DCGAN_CUDA} is not possible: ${reason}")
  endif()
  message(STATUS "dcgan_cuda: building without the cuda backend: ${reason}")
  set(DCGAN_CUDA OFF)
  return()
endmacro()

if(NOT DCGAN_CUDA AND NOT DCGAN_CUDA STREQUAL "AUTO")
  message(STATUS "dcgan_cuda: building without the cuda backend: DCGAN_CUDA is OFF")
  return()
endif()

# Searched for as CMake does, and where NVIDIA's installer puts it. Not cached until it has built
# the probe.
set(nvcc ${CMAKE_CUDA_COMPILER})
if(NOT nvcc AND NOT "$ENV{CUDACXX}" STREQUAL "")
  get_filename_component(nvcc "$ENV{CUDACXX}" PROGRAM)
endif()
find_program(nvcc nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin
             NO_CACHE)
if(NOT nvcc)
  dcgan_without_cuda("no nvcc in PATH or /usr/local/cuda/bin")
endif()
execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE answer ERROR_QUIET)
if(NOT answer MATCHES "release ([0-9]+\\.[0-9]+)")
  dcgan_without_cuda("${nvcc} does not print its version; CUDACXX=PATH names another nvcc")
endif()
set(nvcc_version ${CMAKE_MATCH_1})
if(nvcc_version VERSION_LESS 12)
  dcgan_without_cuda("${nvcc} is of CUDA ${nvcc_version}, which has no C++20; \
install CUDA Toolkit 12 or later, and name its nvcc with CUDACXX=PATH if it is not the first in PATH")
endif()

# The architectures it knows, of those that the kernels support.
execute_process(COMMAND ${nvcc} --list-gpu-arch OUTPUT_VARIABLE answer ERROR_QUIET)
string(REGEX MATCHALL "[0-9]+" known "${answer}")
set(all)
foreach(architecture IN ITEMS 75 80 86 89 90 100 120)
  if(architecture IN_LIST known)
    list(APPEND all ${architecture})
  endif()
endforeach()
if(NOT all)
  dcgan_without_cuda("${nvcc} knows no GPU that the kernels support; CUDACXX=PATH names another nvcc")
endif()

# The GPUs here, if nvcc knows them all.
set(native)
if(DCGAN_CUDA_ARCHITECTURES MATCHES "^(native)?$")
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader TIMEOUT 30
                  OUTPUT_VARIABLE answer ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    string(REPLACE "." "" answer "${answer}")
    string(REGEX MATCHALL "[0-9]+" native "${answer}")
    list(REMOVE_DUPLICATES native)
  endif()
  foreach(architecture IN LISTS native)
    if(NOT architecture IN_LIST known OR architecture LESS 75)
      set(native)
    endif()
  endforeach()
endif()

if(DCGAN_CUDA_ARCHITECTURES STREQUAL "native" AND NOT native)
  message(FATAL_ERROR "dcgan_cuda: DCGAN_CUDA_ARCHITECTURES=native, but nvidia-smi lists no GPU \
that nvcc ${nvcc_version} and the kernels support")
elseif(native)
  set(architectures ${native})
elseif(DCGAN_CUDA_ARCHITECTURES MATCHES "^(all)?$")
  set(architectures ${all})
else()
  set(architectures ${DCGAN_CUDA_ARCHITECTURES})
endif()
foreach(architecture IN LISTS architectures)
  if(NOT architecture IN_LIST known)
    string(REPLACE ";" " " known "${known}")
    message(FATAL_ERROR "dcgan_cuda: DCGAN_CUDA_ARCHITECTURES names ${architecture}, which nvcc \
${nvcc_version} does not know; it knows ${known}")
  endif()
endforeach()

# Whether it builds a C++20 program with the host's compiler for the newest architecture.
list(SORT architectures COMPARE NATURAL)
list(GET architectures -1 newest)
if(NOT CMAKE_CUDA_HOST_COMPILER AND NOT "$ENV{CUDAHOSTCXX}" STREQUAL "")
  get_filename_component(host "$ENV{CUDAHOSTCXX}" PROGRAM)
else()
  set(host ${CMAKE_CUDA_HOST_COMPILER})
endif()
if(DEFINED CMAKE_CUDA_FLAGS)
  separate_arguments(command UNIX_COMMAND "${CMAKE_CUDA_FLAGS}")
else()
  separate_arguments(command UNIX_COMMAND "$ENV{CUDAFLAGS}")
endif()
list(PREPEND command ${nvcc})
if(host)
  list(APPEND command -ccbin=${host})
endif()
list(APPEND command -std=c++20 -arch=sm_${newest})
if(NOT DCGAN_FIT_NVCC STREQUAL command)  # not asked again at each configuration
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/dcgan_nvcc)
  file(WRITE ${folder}/probe.cu "
    #include <cmath>
    #include <concepts>
    template <std::floating_point T> __global__ void root(T* x) { *x = std::sqrt(*x); }
    int main() { return &root<float> == nullptr; }\n")
  execute_process(COMMAND ${command} -o probe probe.cu WORKING_DIRECTORY ${folder}
                  OUTPUT_VARIABLE answer ERROR_VARIABLE answer RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    file(WRITE ${folder}/answer.txt "${answer}")
    if(NOT host)
      set(host "its default")
    endif()
    string(REGEX MATCH "[^\n]*([Ee]rror|fatal)[^\n]*" complaint "${answer}")
    if(answer MATCHES "unsupported [A-Za-z ]+ version[^\n!.;]*")
      dcgan_without_cuda("nvcc ${nvcc_version} refuses the host compiler (${host}): ${CMAKE_MATCH_0}; \
name an older one with -DCMAKE_CUDA_HOST_COMPILER=g++-12, or install a newer CUDA Toolkit")
    endif()
    dcgan_without_cuda("nvcc ${nvcc_version} with the host compiler ${host} cannot build a C++20 \
program: ${complaint} (all of it: ${folder}/answer.txt); -DCMAKE_CUDA_HOST_COMPILER=g++-12 or a newer \
CUDA Toolkit may help")
  endif()
  set(DCGAN_FIT_NVCC "${command}" CACHE INTERNAL "The nvcc command that has built the probe")
endif()

# Machine code for each, and PTX of the newest for later GPUs.
list(TRANSFORM architectures APPEND "-real" OUTPUT_VARIABLE CMAKE_CUDA_ARCHITECTURES)
list(APPEND CMAKE_CUDA_ARCHITECTURES "${newest}-virtual")
if("$ENV{CUDACXX}" STREQUAL "")
  set(CMAKE_CUDA_COMPILER ${nvcc} CACHE FILEPATH "nvcc")
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know CUDA 13's flags
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
set_property(CACHE DCGAN_CUDA_ARCHITECTURES PROPERTY VALUE "${architectures}")  # for good
string(REPLACE ";" " " shown "${architectures}")
message(STATUS "dcgan_cuda: building the cuda backend with nvcc ${nvcc_version} for ${shown}, \
and PTX of ${newest}")
set(DCGAN_CUDA ON)
