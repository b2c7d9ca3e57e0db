// Dense layers with one output: products of a matrix and a vector, which memory bounds.
#pragma once
#include <cstdint>

namespace dcgan::cpu {

/// y [batch] = x [batch, in] * kernel [in]
void one_output_forward(std::int64_t batch, std::int64_t in, const float* x, const float* kernel,
                        float* y);

/// Floats of scratch that one_output_backward needs.
std::int64_t one_output_scratch_floats(std::int64_t in);
/// dx [batch, in] = dz [batch] * kernel, and dkernel [in] = x^T * dz, in one pass over the samples.
/// A null dx or dkernel is not computed.
void one_output_backward(std::int64_t batch, std::int64_t in, const float* x, const float* kernel,
                         const float* dz, float* dx, float* dkernel, float* scratch);

}  // namespace dcgan::cpu
