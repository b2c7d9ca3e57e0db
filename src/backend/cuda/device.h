// Which device the backend runs on, and whether this build has code for it.
#pragma once
#include <cuda_runtime.h>

#include <string>
#include <string_view>

#include "backend/cuda/backend.h"

namespace dcgan::DCGAN_TARGET {

/// Makes the device the calling thread's current one, and returns what the driver says about it.
/// Throws Error if there is no such device.
cudaDeviceProp use_device(int device);

/// Whether launches on the device may overlap (kernels/device/device.h): it and the code that it
/// runs are of compute capability 9.0 or later, the driver takes that in a graph (12.3), and
/// DCGAN_OVERLAP=0 does not forbid it.
bool can_overlap_launches(const cudaDeviceProp& properties);

/// Whether it and the code that it runs are of compute capability 8.0 or later, and so multiply
/// tf32 values.
bool has_tensor_cores(const cudaDeviceProp& properties);

std::string version_text(int cuda_version);

/// "code for compute capabilities 7.5, 9.0 and PTX of 9.0", from CMake's list of architectures:
/// "75-real+90". Drivers compile PTX for later devices.
std::string describe_code(std::string_view architectures);

}  // namespace dcgan::DCGAN_TARGET
