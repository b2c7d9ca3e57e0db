// What a warp's tensor cores compute.
#pragma once
#include <array>

#include "simt/execution/block.h"

namespace simt {

/// C[i][j] += A[i] * B[j] over the fragments of a warp's lanes: "Matrix Fragments for mma.m16n8k8"
/// of the PTX ISA. A product of two tf32 values is exact in a float; they are added to C one after
/// the other, in the order of k, each sum rounded to nearest. That order is the machine's own: what
/// a GPU's is, and how it rounds within an mma, is not specified.
void add_products(const std::array<const MmaFragments*, warp_size>& lanes);

}  // namespace simt
