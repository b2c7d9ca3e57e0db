// A network's plan: its layers with what was folded into them, its tensors, and all the memory it
// needs, known before any is allocated.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "nn/layer_spec.h"

namespace dcgan {

/// A named view into a flat buffer.
struct TensorView {
  std::string name;  ///< "generator.conv_transpose1.kernel"
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;  ///< in floats, into the flat buffer
  std::int64_t size() const;
};

/// A dropout layer: the mask buffer holds one byte per value, filled by the caller before
/// forward().
struct DropoutLayer {
  SampleShape shape;
  float rate = 0;
  Buffer keep;  ///< [max_rows, shape]
};

/// A layer with the bias, activation and dropout after it.
struct Node {
  enum class Kind { dense, convolution, batch_norm, pointwise };
  Kind kind = Kind::pointwise;
  SampleShape in, out;
  std::int64_t kernel_size = 0, stride = 1;
  bool transposed = false;
  float momentum = 0, batch_norm_epsilon = 0;
  Epilogue epilogue;
  int dropout = -1;  ///< index into dropouts, -1: none
  /// Indices into parameters and moving_statistics, -1 where the layer has none.
  int kernel = -1, bias = -1, gamma = -1, beta = -1, moving_mean = -1, moving_variance = -1;
  Buffer y;              ///< [max_rows, out]
  Buffer mean, inv_std;  ///< [channels], of the last training batch
  Buffer delta;          ///< [max_rows, out], if penalised: dD/dz; of the last layer it is 1

  bool linear() const { return kind == Kind::dense || kind == Kind::convolution; }
  /// Rows and channels as bias and statistics see them: a dense layer's are samples and units.
  std::int64_t rows(std::int64_t samples) const { return samples * out.height * out.width; }

  DenseShape dense(std::int64_t samples) const;
  ConvShape convolution(std::int64_t samples) const;
  BatchNormShape batch_norm(std::int64_t samples) const;
};

/// Memory that a gradient penalty takes beside the layers' own.
struct PenaltyMemory {
  Buffer blend;       ///< [max_rows, the widest input of a layer, or the output]
  Buffer place_sums;  ///< [the widest output of a layer]
};

struct Network {
  std::vector<Node> nodes;
  std::vector<DropoutLayer> dropouts;
  std::vector<TensorView> parameters, moving_statistics;
  /// Floats of a flat buffer of each, the gaps that align its tensors included.
  std::int64_t flat_size = 0, moving_size = 0;

  Buffer values, gradients, adam_m, adam_v, moving;
  Buffer gradient_memory[2];  ///< [max_rows, the widest input of a layer but the first]
  PenaltyMemory penalty;      ///< empty where there is none
};

/// What a network is made of, without memory. Throws UsageError where layers do not fit together.
Network build_network(const std::string& name, const std::vector<LayerSpec>& layers,
                      SampleShape input);

/// Whether a network is built for backward_penalised().
enum class Penalty { none, gradient };

/// Every buffer of the network, in one order. `allocate`: a backend's, or a function that counts.
void allocate_memory(Network& network, std::int64_t max_rows, Penalty penalty,
                     const std::function<Buffer(std::size_t bytes)>& allocate);

/// Throws UsageError where the network is not piecewise linear with one output.
void check_penalisable(const Network& network, const std::string& name);

/// Values in all of them.
std::int64_t total_size(const std::vector<TensorView>& tensors);

}  // namespace dcgan
