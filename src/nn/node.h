// What Sequential is made of: a layer with what was folded into it, and its operations per batch.
#pragma once
#include <memory>
#include <vector>

#include "nn/sequential.h"

namespace dcgan {

struct Sequential::Node {
  enum class Kind { dense, conv2d, conv_transpose2d, batch_norm, pointwise };
  Kind kind = Kind::pointwise;
  SampleShape in, out;
  std::int64_t kernel_size = 0, stride = 1;
  float momentum = 0, batch_norm_epsilon = 0;
  Epilogue epilogue;
  int dropout = -1;  // index into dropouts_
  // Indices into parameters_ and moving_statistics_, -1 where the layer has none.
  int kernel = -1, bias = -1, gamma = -1, beta = -1, moving_mean = -1, moving_variance = -1;
  Buffer y;              // [max_rows, out]
  Buffer mean, inv_std;  // of the last training batch

  bool linear() const { return kind != Kind::batch_norm && kind != Kind::pointwise; }
  /// Rows and channels as bias and statistics see them: a dense layer's are samples and units.
  std::int64_t rows(std::int64_t samples) const { return samples * out.height * out.width; }
};

struct Sequential::Plan {
  std::vector<std::unique_ptr<LinearOp>> linear;
  std::vector<std::unique_ptr<BatchNormOp>> batch_norm;
};

}  // namespace dcgan
