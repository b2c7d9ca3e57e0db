// Convolutions through small discrete Fourier transforms (dft_geometry.h has the algebra).
#pragma once
#include <memory>

#include "backend/backend.h"
#include "backend/cpu/dft_geometry.h"

namespace dcgan::cpu {

/// conv2d of that geometry.
std::unique_ptr<LinearOp> make_dft_conv2d(const DftGeometry& geometry, const Epilogue& epilogue);

/// conv_transpose2d: the adjoint of the conv2d of that geometry.
std::unique_ptr<LinearOp> make_dft_conv_transpose2d(const DftGeometry& geometry,
                                                    const Epilogue& epilogue);

}  // namespace dcgan::cpu
