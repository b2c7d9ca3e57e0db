// The backend of the hand-written kernels. Compiled twice: by nvcc for the GPU, and by the host's
// compiler over the SIMT machine; each target in a namespace of its own.
#pragma once
#include <memory>
#include <string>

#include "backend/backend.h"

#ifndef DCGAN_TARGET
#define DCGAN_TARGET cuda
#endif

namespace dcgan::DCGAN_TARGET {

/// Why the device cannot be used, in a sentence: no driver, no device at all, no code for this one.
/// Empty if it can.
std::string why_unavailable(int device);

/// The backend on device number `device`. Throws Error if it cannot be used. Any thread may use it,
/// one at a time; its device becomes that thread's current one and stays so.
std::unique_ptr<Backend> make_backend(int device, Precision precision = Precision::fp32);

}  // namespace dcgan::DCGAN_TARGET
