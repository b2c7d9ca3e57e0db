// The sum of what a split sum left behind: parts of a matrix product or of a sum over rows.
#pragma once
#include "kernels/epilogue_parameters.h"

namespace dcgan::DCGAN_TARGET {

/// y [rows, columns] = epilogue(sum over the parts of partial [parts, rows, columns]), in an order
/// that the number of parts alone decides. Pointers are multiples of 16 bytes; `name` is the
/// launch's.
void sum_parts(const char* name, const float* partial, int parts, std::int64_t rows, int columns,
               const EpilogueParameters& epilogue, float* y, cudaStream_t stream);

}  // namespace dcgan::DCGAN_TARGET
