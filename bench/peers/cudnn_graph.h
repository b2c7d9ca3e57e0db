// cuDNN's newer interface, an operation graph of one convolution, by its plain descriptors.
#pragma once
#include "bench/peers/cuda_peer.h"

namespace dcgan::bench {

/// Dimensions and strides in cuDNN's order, whatever the layout: [N, C, H, W], of a filter
/// [out, in, H, W].
struct GraphTensor {
  std::int64_t dimensions[4], strides[4];
  float* data;
};
struct GraphConvolution {
  Direction direction;
  GraphTensor x, w, y;
  std::int64_t padding[2], stride[2];
  Precision precision;
};

/// A way for each of the first ten engines that cuDNN's heuristics propose and whose arithmetic is
/// that of `precision`; ten is where PyTorch's search stops too. `operands` holds the memory.
std::vector<Way> graph_ways(const CudaContext& context, const GraphConvolution& convolution,
                            const std::string& layout, const std::shared_ptr<const void>& operands);

}  // namespace dcgan::bench
