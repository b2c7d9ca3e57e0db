// What kernels and their host code include as <cuda_runtime.h> in the SIMT machine's target.
#pragma once
#include "simt/device_language.h"
#include "simt/launch.h"
#include "simt/runtime_api.h"
#include "simt/vector_types.h"

using namespace simt;  // CUDA's names are global
