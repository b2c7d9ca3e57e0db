// conv2d and conv_transpose2d of the cpu backend, each by the method expected to be the fastest for
// its shape.
#pragma once
#include <dnnl.hpp>
#include <memory>

#include "backend/backend.h"
#include "backend/cpu/dft_convolution.h"

namespace dcgan::cpu {

/// What the convolutions of a backend share.
struct ConvContext {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::shared_ptr<DftScratch> scratch = std::make_shared<DftScratch>();
};

std::unique_ptr<LinearOp> make_convolution(const ConvContext&, const ConvShape&, const Epilogue&);

}  // namespace dcgan::cpu
