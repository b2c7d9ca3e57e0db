// R1 and R2 (Mescheder et al., 2018; Roth et al., 2017) exactly, with ops of first order. A network
// D of kernels and LeakyReLU is linear around each sample: with the slopes m_l that a sample's
// activations have, and a_l the layers' results,
//   a_l = m_l (W_l a_(l-1) + b_l),  d_l = m_l W_(l+1)^T d_(l+1),  g = W_1^T d_1 = dD/dx,
// and the penalty |g|^2 / 2 has in W_l the gradient d_l (x) v_(l-1), where v is g sent forward
// through the same slopes without biases: v_0 = g, v_l = m_l W_l v_(l-1). With s = dL/dD the loss
// has d_l (x) s a_(l-1), so one product serves both: d_l (x) (s a_(l-1) + factor v_(l-1)). Biases
// have no part in the penalty. The last layer is linear: its d is 1, or the sample's code, and
// d . v is |g|^2.
#include <string>

#include "dcgan/error.h"
#include "nn/sequential.h"

namespace dcgan {

void check_penalisable(const Network& network, const std::string& name) {
  for (const Node& node : network.nodes)
    if (!node.linear() || node.epilogue.activation == Activation::tanh)
      throw UsageError(name + ": a gradient penalty needs layers of kernels and LeakyReLU alone");
  const Node& last = network.nodes.back();
  if (last.out.height * last.out.width != 1 || !last.epilogue.plain())
    throw UsageError(name + ": a gradient penalty needs a last layer that is dense and linear");
}

LinearOp& Sequential::bare_op(std::size_t index, std::int64_t rows) {
  std::unique_ptr<LinearOp>& op = plan(rows).bare[index];
  if (!op) op = make_linear(network_.nodes[index], rows, {});
  return *op;
}

/// Multiplies `dy` [rows, out] by the slopes, and the dropout's factors, that the last forward()
/// had.
void Sequential::apply_slopes(const Node& node, std::int64_t rows, float* dy) {
  if (node.epilogue.plain()) return;
  const std::uint8_t* keep =
      node.dropout >= 0 ? network_.dropouts[node.dropout].keep.u8() : nullptr;
  backend_.epilogue_backward({node.epilogue, node.rows(rows), node.out.channels, node.y.f32(), keep,
                              nullptr, node.out.size(), dy, nullptr});
}

/// sums [size] of weights_i * values_i over the rows of values [rows, size].
void Sequential::sum_rows(std::int64_t rows, std::int64_t size, const float* weights,
                          const float* values, float* sums) {
  std::unique_ptr<LinearOp>& op = plan(rows).row_sums[size];
  if (!op) op = backend_.dense({rows, 1, size}, {});
  op->backward_weights(weights, values, sums);
}

/// The gradient of a bias: adjoint_i * delta_i, summed over the samples, then over the places.
void Sequential::sum_bias_gradient(const Node& node, std::int64_t rows, const float* adjoint,
                                   const float* delta) {
  const std::int64_t places = node.out.height * node.out.width;
  float* dbias = gradient(node.bias);
  float* sums = places == 1 ? dbias : network_.penalty.place_sums.f32();
  sum_rows(rows, node.out.size(), adjoint, delta, sums);
  if (places == 1) return;
  backend_.epilogue_backward(
      {{}, places, node.out.channels, sums, nullptr, nullptr, 0, sums, dbias});
}

void Sequential::backward_penalised(const PenalisedPass& pass) {
  if (!network_.penalty.blend.bytes())
    throw Error(name_ + ": was not planned for a gradient penalty");
  gradients_in_parts_.clear();
  const std::vector<Node>& nodes = network_.nodes;
  const std::int64_t rows = pass.rows, outputs = nodes.back().out.size();
  if (outputs > 1 && !pass.codes) throw Error(name_ + ": several outputs need codes");
  const auto delta = [&](std::size_t i) -> const float* {
    return i + 1 == nodes.size() && pass.codes ? pass.codes : nodes[i].delta.f32();
  };
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const Node& node = nodes[i];
    apply_slopes(node, rows, node.delta.f32());  // the last has none
    linear_op(i, rows).backward_data(delta(i), parameter(node.kernel),
                                     i == 0 ? pass.dx : nodes[i - 1].delta.f32());
    if (node.bias >= 0) sum_bias_gradient(node, rows, pass.adjoint, delta(i));
  }

  const float* v = pass.dx;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    float* blend = network_.penalty.blend.f32();
    backend_.weighted_sum({rows, node.in.size(), 1, pass.adjoint,
                           i == 0 ? last_input_ : nodes[i - 1].y.f32(), pass.factor, v, blend});
    linear_op(i, rows).backward_weights(blend, delta(i), gradient(node.kernel));
    // The last results need no place of their own: the blend has served.
    float* next = i + 1 == nodes.size() ? blend : network_.gradient_memory[i % 2].f32();
    bare_op(i, rows).forward(v, parameter(node.kernel), nullptr, nullptr, next);
    apply_slopes(node, rows, next);
    v = next;
  }
  sum_rows(rows * outputs, 1, delta(nodes.size() - 1), v, pass.squared_norm);
}

}  // namespace dcgan
