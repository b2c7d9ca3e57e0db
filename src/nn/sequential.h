// A network as a chain of layers over a backend. Activation, dropout and bias are folded into the
// layer before them when the network is built; all memory is planned once for a largest batch.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "nn/network.h"

namespace dcgan {

/// What a network needs, known without building it.
struct NetworkSize {
  std::int64_t parameters = 0;
  std::int64_t moving_statistics = 0;
  std::int64_t bytes = 0;  ///< of device memory, without what the backend's operations add
};

enum class Mode { training, inference };

/// What backward_penalised() differentiates: L(D) + factor / 2 * |dD/dx|^2, summed over samples,
/// of a network with one output D, or whose outputs are summed to one by `codes`.
struct PenalisedPass {
  std::int64_t rows = 0;           ///< of the last forward(), all of them
  const float* adjoint = nullptr;  ///< [rows], dL/dD
  float factor = 0;
  float* dx = nullptr;            ///< [rows, input], becomes dD/dx of each sample
  float* squared_norm = nullptr;  ///< [1], becomes the sum of |dD/dx|^2 over the rows
  const float* codes = nullptr;   ///< [rows, output]; null: one output, as it is
};

/// What backward() differentiates and where the gradients go.
struct BackwardPass {
  std::int64_t first_row = 0;  ///< rows [first_row, first_row + rows) of the last forward()
  std::int64_t rows = 0;
  float* dy = nullptr;                  ///< [rows, output], the gradient of the output; overwritten
  const float* sample_scale = nullptr;  ///< [rows], multiplies dy per sample; or null
  bool parameter_gradients = true;      ///< overwrite gradients(), or leave them alone
  bool last_bias_done = false;          ///< but that of last_bias(), which is there already
  float* dx = nullptr;                  ///< [dx_rows, input] or null: the input's gradient ...
  std::int64_t dx_first_row = 0;        ///< ... of these rows, counted from first_row
  std::int64_t dx_rows = 0;
  /// Of the network that made the input: from dx it makes its dz in place.
  const EpilogueBackward* dx_epilogue = nullptr;
  bool last_epilogue_done = false;  ///< dy is the dz of last_epilogue() already
};

class Sequential {
 public:
  static NetworkSize size_of(const std::vector<LayerSpec>& layers, SampleShape input,
                             std::int64_t max_rows, Penalty penalty = Penalty::none);
  /// Throws UsageError where layers do not fit together, or not a gradient penalty.
  Sequential(Backend& backend, std::string name, const std::vector<LayerSpec>& layers,
             SampleShape input, std::int64_t max_rows, Penalty penalty = Penalty::none);

  /// The output [rows, output] of x [rows, input], in `output` or, if null, in memory of its own.
  /// x must stay until backward() is done.
  const float* forward(std::int64_t rows, const float* x, Mode mode, float* output = nullptr);

  /// Gradients of the last forward() (in training mode). Throws Error for a part of a batch through
  /// batch norm, factors after batch norm, and dx of a first layer without a kernel.
  void backward(const BackwardPass& pass);

  /// Overwrites gradients() with those of a loss and of a gradient penalty. All rows pass apart, so
  /// there is no batch norm.
  void backward_penalised(const PenalisedPass& pass);

  /// Puts other values and moving statistics, of the same sizes, in the place of its own.
  void swap_parameters(Buffer& values, Buffer& moving);

  /// Kernels from the Glorot uniform distribution (Glorot and Bengio, 2010), biases and beta 0,
  /// gamma 1, moving statistics 0 and 1; Adam's moments 0.
  void initialise(std::uint64_t seed);

  const std::string& name() const { return name_; }
  SampleShape input() const { return input_; }
  SampleShape output() const;
  /// What the last layer saw in the last forward(), [rows, last_layer_input()]: a classifier's
  /// features.
  const float* last_layer_x() const;
  SampleShape last_layer_input() const { return network_.nodes.back().in; }
  std::int64_t max_rows() const { return max_rows_; }
  std::vector<DropoutLayer>& dropouts() { return network_.dropouts; }

  /// Views into values(), gradients(), adam_m() and adam_v() alike; into moving() for the
  /// statistics.
  const std::vector<TensorView>& parameters() const { return network_.parameters; }
  const std::vector<TensorView>& moving_statistics() const { return network_.moving_statistics; }
  std::int64_t parameter_count() const;
  std::int64_t moving_count() const;

  float* values() const { return network_.values.f32(); }
  /// Where the last backward() has left some in parts, they are added up for whoever asks here.
  float* gradients();
  float* adam_m() const { return network_.adam_m.f32(); }
  float* adam_v() const { return network_.adam_v.f32(); }
  float* moving() const { return network_.moving.f32(); }
  /// Where the gradient of the last layer's bias is, the sum of dy, if that layer has one output
  /// and nothing but a bias after it; null.
  float* last_bias() const;
  /// What takes pass.dy back through the last layer's epilogue, for the network behind to do it;
  /// nothing where that changes nothing.
  std::optional<EpilogueBackward> last_epilogue(const BackwardPass& pass) const {
    return epilogue_backward(network_.nodes.size() - 1, pass, pass.dy);
  }
  /// A step of Adam on all parameters, by the gradients of the last backward pass.
  AdamPart adam_part(const AdamFactors* factors) const;
  /// Floats in each flat buffer, the gaps that align its tensors included.
  std::int64_t flat_size() const { return network_.flat_size; }
  std::int64_t moving_size() const { return network_.moving_size; }

 private:
  /// Operations for one number of rows, planned when they are first called for; by node.
  struct Plan {
    std::vector<std::unique_ptr<LinearOp>> linear;
    std::vector<std::unique_ptr<LinearOp>> bare;                 ///< without epilogue
    std::map<std::int64_t, std::unique_ptr<LinearOp>> row_sums;  ///< by the size of a row
    std::vector<std::unique_ptr<BatchNormOp>> batch_norm;
  };

  Plan& plan(std::int64_t rows);
  std::unique_ptr<LinearOp> make_linear(const Node& node, std::int64_t rows,
                                        const Epilogue& epilogue);
  LinearOp& linear_op(std::size_t node, std::int64_t rows);
  LinearOp& bare_op(std::size_t node, std::int64_t rows);
  void apply_slopes(const Node& node, std::int64_t rows, float* dy);
  void sum_rows(std::int64_t rows, std::int64_t size, const float* weights, const float* values,
                float* sums);
  void sum_bias_gradient(const Node& node, std::int64_t rows, const float* adjoint,
                         const float* delta);
  BatchNormOp& batch_norm_op(std::size_t node, std::int64_t rows);
  /// The node, if there is one and it is batch norm; else null.
  const Node* batch_norm_at(std::size_t node) const;
  /// Of batch norm's node, whose result has the gradient dy.
  BatchNormSums batch_norm_sums(std::size_t node, std::int64_t rows, float* dy);
  /// What takes dy, the gradient of a node's result, back through its epilogue; nothing where that
  /// changes nothing.
  std::optional<EpilogueBackward> epilogue_backward(std::size_t node, const BackwardPass& pass,
                                                    float* dy) const;
  float* parameter(int index) const { return values() + network_.parameters[index].offset; }
  float* gradient(int index) const {
    return network_.gradients.f32() + network_.parameters[index].offset;
  }
  void backward_weights(const Node& node, LinearOp& op, const float* x, const float* dz);
  float* statistic(int index) const { return moving() + network_.moving_statistics[index].offset; }

  Backend& backend_;
  std::string name_;
  SampleShape input_;
  std::int64_t max_rows_;
  Network network_;
  std::map<std::int64_t, Plan> plans_;
  const float* last_input_ = nullptr;
  float* last_output_ = nullptr;
  std::vector<GradientParts> gradients_in_parts_;  ///< in the order of memory
};

}  // namespace dcgan
