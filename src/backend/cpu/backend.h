// The cpu backend: oneDNN for dense layers and convolutions, vector kernels for the rest.
#pragma once
#include <memory>

#include "backend/backend.h"

namespace dcgan::cpu {

/// threads 0: one per core that the process may use. The thread count is OpenMP's, so it holds for
/// the whole process.
std::unique_ptr<Backend> make_backend(int threads);

}  // namespace dcgan::cpu
