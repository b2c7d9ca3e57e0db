// Layers of the backend, over the kernels.
#pragma once
#include "backend/backend.h"
#include "backend/cuda/device_memory.h"

namespace dcgan::DCGAN_TARGET {

/// What layers share. Outlives them.
struct LayerContext {
  Streams& streams;
  Workspace& workspace;
  Precision precision;  // of dense layers and convolutions
};

std::unique_ptr<LinearOp> make_dense(LayerContext, const DenseShape&, const Epilogue&);
std::unique_ptr<LinearOp> make_convolution(LayerContext, const ConvShape&, const Epilogue&);
std::unique_ptr<BatchNormOp> make_batch_norm(LayerContext, const BatchNormShape&);

}  // namespace dcgan::DCGAN_TARGET
