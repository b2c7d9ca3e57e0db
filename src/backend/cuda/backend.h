// The backend of the hand-written kernels. Compiled twice: by nvcc for the GPU, and by the host's
// compiler over the SIMT machine; each home in a namespace of its own.
#pragma once
#include <memory>
#include <string>

#include "backend/backend.h"

#ifndef DCGAN_HOME
#define DCGAN_HOME cuda
#endif

namespace dcgan::DCGAN_HOME {

/// Why no device can be used, in a sentence; empty where one can.
std::string why_unavailable();

/// The backend on device number `device`. Throws Error where it cannot be had.
std::unique_ptr<Backend> make_backend(int device);

}  // namespace dcgan::DCGAN_HOME
