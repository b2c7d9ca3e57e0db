// What kernels and their host code include as <cuda_runtime.h> in the SIMT machine's target.
#pragma once
#include "simt/language/device_language.h"
#include "simt/language/launch.h"
#include "simt/language/vector_types.h"
#include "simt/runtime/api.h"

using namespace simt;  // CUDA's names are global
