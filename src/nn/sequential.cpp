// Forward and backward through the chain.
#include "nn/sequential.h"

#include <algorithm>
#include <cmath>

#include "dcgan/error.h"
#include "ops/philox.h"

namespace dcgan {
namespace {

/// All networks draw their initial values from one stream; this tells their blocks apart. 32 bits:
/// a GAN's are 0 and 1, others have FNV-1a's of their name, with the highest bit set.
std::uint64_t number_of(const std::string& network) {
  if (network == "generator") return 0;
  if (network == "discriminator") return 1;
  std::uint32_t hash = 0x811C9DC5;
  for (const char c : network) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  return hash | 0x80000000;
}

}  // namespace

NetworkSize Sequential::size_of(const std::vector<LayerSpec>& layers, SampleShape input,
                                std::int64_t max_rows, Penalty penalty) {
  Network network = build_network("network", layers, input);
  std::int64_t bytes = 0;
  allocate_memory(network, max_rows, penalty, [&](std::size_t n) {
    bytes += static_cast<std::int64_t>(n);
    return Buffer();
  });
  return {total_size(network.parameters), total_size(network.moving_statistics), bytes};
}

Sequential::Sequential(Backend& backend, std::string name, const std::vector<LayerSpec>& layers,
                       SampleShape input, std::int64_t max_rows, Penalty penalty)
    : backend_(backend),
      name_(std::move(name)),
      input_(input),
      max_rows_(max_rows),
      network_(build_network(name_, layers, input)) {
  if (penalty == Penalty::gradient) check_penalisable(network_, name_);
  allocate_memory(network_, max_rows, penalty,
                  [&](std::size_t bytes) { return backend.allocate(bytes); });
}

void Sequential::swap_parameters(Buffer& values, Buffer& moving) {
  std::swap(network_.values, values);
  std::swap(network_.moving, moving);
}

SampleShape Sequential::output() const { return network_.nodes.back().out; }

const float* Sequential::last_layer_x() const {
  const std::size_t layers = network_.nodes.size();
  return layers == 1 ? last_input_ : network_.nodes[layers - 2].y.f32();
}

std::int64_t Sequential::parameter_count() const { return total_size(network_.parameters); }

std::int64_t Sequential::moving_count() const { return total_size(network_.moving_statistics); }

Sequential::Plan& Sequential::plan(std::int64_t rows) {
  Plan& plan = plans_[rows];
  plan.linear.resize(network_.nodes.size());
  plan.bare.resize(network_.nodes.size());
  plan.batch_norm.resize(network_.nodes.size());
  return plan;
}

std::unique_ptr<LinearOp> Sequential::make_linear(const Node& node, std::int64_t rows,
                                                  const Epilogue& epilogue) {
  return node.kind == Node::Kind::dense ? backend_.dense(node.dense(rows), epilogue)
                                        : backend_.convolution(node.convolution(rows), epilogue);
}

LinearOp& Sequential::linear_op(std::size_t index, std::int64_t rows) {
  std::unique_ptr<LinearOp>& op = plan(rows).linear[index];
  if (!op) op = make_linear(network_.nodes[index], rows, network_.nodes[index].epilogue);
  return *op;
}

BatchNormOp& Sequential::batch_norm_op(std::size_t index, std::int64_t rows) {
  std::unique_ptr<BatchNormOp>& op = plan(rows).batch_norm[index];
  if (!op) op = backend_.batch_norm(network_.nodes[index].batch_norm(rows));
  return *op;
}

const float* Sequential::forward(std::int64_t rows, const float* x, Mode mode, float* output) {
  if (rows < 1 || rows > max_rows_)
    throw Error(name_ + ": " + std::to_string(rows) + " rows, planned for at most " +
                std::to_string(max_rows_));
  last_input_ = x;
  bool statistics_made = false;  // batch norm's, by the layer before it
  for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
    Node& node = network_.nodes[i];
    float* y = i + 1 == network_.nodes.size() && output ? output : node.y.f32();
    if (node.kind == Node::Kind::batch_norm) {
      const BatchNormParameters p{parameter(node.gamma), parameter(node.beta),
                                  statistic(node.moving_mean), statistic(node.moving_variance)};
      BatchNormOp& op = batch_norm_op(i, rows);
      if (mode != Mode::training)
        op.forward_inference(x, p, y);
      else if (statistics_made)
        op.normalise(x, p, node.mean.f32(), node.inv_std.f32(), y);
      else
        op.forward_training(x, p, node.mean.f32(), node.inv_std.f32(), y);
      statistics_made = false;
    } else {
      const bool drops = node.dropout >= 0 && mode == Mode::training;
      const float* bias = node.bias >= 0 ? parameter(node.bias) : nullptr;
      const std::uint8_t* keep = drops ? network_.dropouts[node.dropout].keep.u8() : nullptr;
      if (node.linear()) {
        LinearOp& op = linear_op(i, rows);
        const Node* after = mode == Mode::training ? batch_norm_at(i + 1) : nullptr;
        statistics_made = after && op.makes_statistics(after->batch_norm(rows));
        if (statistics_made)
          op.forward_with_statistics(
              x, parameter(node.kernel), bias, y,
              {after->batch_norm(rows), after->mean.f32(), after->inv_std.f32(),
               statistic(after->moving_mean), statistic(after->moving_variance)});
        else
          op.forward(x, parameter(node.kernel), bias, keep, y);
      } else {
        backend_.copy(y, x, static_cast<std::size_t>(rows * node.out.size()) * sizeof(float));
        backend_.epilogue_forward(
            {node.epilogue, node.rows(rows), node.out.channels, bias, keep, y});
      }
    }
    x = y;
  }
  last_output_ = const_cast<float*>(x);
  return x;
}

const Node* Sequential::batch_norm_at(std::size_t index) const {
  const std::vector<Node>& nodes = network_.nodes;
  const bool is = index < nodes.size() && nodes[index].kind == Node::Kind::batch_norm;
  return is ? &nodes[index] : nullptr;
}

BatchNormSums Sequential::batch_norm_sums(std::size_t index, std::int64_t rows, float* dy) {
  const Node& node = network_.nodes[index];
  const bool last = index + 1 == network_.nodes.size();
  return {node.batch_norm(rows),
          index == 0 ? last_input_ : network_.nodes[index - 1].y.f32(),
          last ? last_output_ : node.y.f32(),
          node.mean.f32(),
          node.inv_std.f32(),
          dy,
          gradient(node.gamma),
          gradient(node.beta)};
}

std::optional<EpilogueBackward> Sequential::epilogue_backward(std::size_t index,
                                                              const BackwardPass& pass,
                                                              float* dy) const {
  const std::vector<Node>& nodes = network_.nodes;
  const Node& node = nodes[index];
  if (node.kind == Node::Kind::batch_norm) return {};
  const bool last = index + 1 == nodes.size();
  // Batch norm takes away what is added to a channel: the gradient of a bias before it is zero, as
  // it is when the network is made.
  const bool cancelled = node.epilogue.plain() && batch_norm_at(index + 1);
  const bool wanted = pass.parameter_gradients && !cancelled && !(last && pass.last_bias_done);
  float* dbias = node.bias >= 0 && wanted ? gradient(node.bias) : nullptr;
  const float* sample_scale = last ? pass.sample_scale : nullptr;
  if (node.epilogue.plain() && !dbias && !sample_scale) return {};
  const std::int64_t first = pass.first_row * node.out.size();
  return EpilogueBackward{
      node.epilogue,
      node.rows(pass.rows),
      node.out.channels,
      (last ? last_output_ : node.y.f32()) + first,
      node.dropout >= 0 ? network_.dropouts[node.dropout].keep.u8() + first : nullptr,
      sample_scale,
      node.out.size(),
      dy,
      dbias};
}

void Sequential::backward_weights(const Node& node, LinearOp& op, const float* x, const float* dz) {
  const TensorView& kernel = network_.parameters[node.kernel];
  if (op.weight_parts() == 1) return op.backward_weights(x, dz, gradient(node.kernel));
  // Layers are met from the last to the first.
  gradients_in_parts_.insert(
      gradients_in_parts_.begin(),
      {kernel.offset, kernel.size(), op.backward_weights_in_parts(x, dz), op.weight_parts()});
}

float* Sequential::gradients() {
  for (const GradientParts& parts : gradients_in_parts_) {
    float* sum = network_.gradients.f32() + parts.offset;
    backend_.copy(sum, parts.data, static_cast<std::size_t>(parts.n) * sizeof(float));
    for (int part = 1; part < parts.count; ++part)
      backend_.weighted_sum({1, parts.n, 1, nullptr, sum, 1, parts.data + part * parts.n, sum});
  }
  return network_.gradients.f32();
}

float* Sequential::last_bias() const {
  const Node& last = network_.nodes.back();
  return last.out.size() == 1 && last.bias >= 0 && last.epilogue.plain() ? gradient(last.bias)
                                                                         : nullptr;
}

AdamPart Sequential::adam_part(const AdamFactors* factors) const {
  return {factors,  flat_size(), network_.gradients.f32(), adam_m(),
          adam_v(), values(),    gradients_in_parts_};
}

void Sequential::backward(const BackwardPass& pass) {
  if (pass.parameter_gradients) gradients_in_parts_.clear();
  if (pass.sample_scale && network_.nodes.back().kind == Node::Kind::batch_norm)
    throw Error(name_ + ": factors per sample cannot be applied after batch norm");
  if (pass.dx && !network_.nodes.front().linear())
    throw Error(name_ + ": a first layer without a kernel gives no gradient of its input");
  float* dy = pass.dy;
  // dy is the gradient before the node's epilogue, not behind it.
  bool through = pass.last_epilogue_done;
  bool sums_made = false;  // batch norm's, by the layer behind it
  for (std::size_t i = network_.nodes.size(); i-- > 0;) {
    Node& node = network_.nodes[i];
    const float* x =
        (i == 0 ? last_input_ : network_.nodes[i - 1].y.f32()) + pass.first_row * node.in.size();
    // Batch norm works in place, so the free one of the two buffers is the one dy is not in.
    float* dx =
        i == 0 ? nullptr : network_.gradient_memory[dy == network_.gradient_memory[0].f32()].f32();

    if (node.kind == Node::Kind::batch_norm) {
      if (pass.first_row != 0)
        throw Error(name_ + ": a part of a batch cannot be differentiated through batch norm");
      const BatchNormSums of = batch_norm_sums(i, pass.rows, dy);
      const BatchNormParameters p{parameter(node.gamma), nullptr, nullptr, nullptr};
      BatchNormOp& op = batch_norm_op(i, pass.rows);
      if (sums_made)
        op.backward_from_sums(of, p.gamma, dy);
      else
        op.backward(of.x, of.y, dy, p, of.mean, of.inv_std, dy, of.dgamma, of.dbeta);
      sums_made = false;
      continue;  // its gradient was made in place
    }

    const auto own = through ? std::nullopt : epilogue_backward(i, pass, dy);
    if (own) backend_.epilogue_backward(*own);
    through = false;
    if (!node.linear()) continue;

    const float* kernel = parameter(node.kernel);
    LinearOp& op = linear_op(i, pass.rows);
    const auto before = dx ? epilogue_backward(i - 1, pass, dx) : std::nullopt;
    through = before && op.goes_through(*before);
    const Node* norm = dx ? batch_norm_at(i - 1) : nullptr;
    sums_made = norm && op.makes_sums(norm->batch_norm(pass.rows));
    const bool both =
        pass.parameter_gradients && dx && !through && !sums_made && op.weight_parts() == 1;
    if (both) op.backward(x, dy, kernel, dx, gradient(node.kernel));
    if (pass.parameter_gradients && !both) backward_weights(node, op, x, dy);
    if (through)
      op.backward_data_through(dy, kernel, *before);
    else if (sums_made)
      op.backward_data_with_sums(dy, kernel, batch_norm_sums(i - 1, pass.rows, dx));
    else if (dx && !both)
      op.backward_data(dy, kernel, dx);
    if (!dx && pass.dx) {
      const float* dz = dy + pass.dx_first_row * node.out.size();
      LinearOp& of_input = linear_op(i, pass.dx_rows);
      if (pass.dx_epilogue && of_input.goes_through(*pass.dx_epilogue)) {
        of_input.backward_data_through(dz, kernel, *pass.dx_epilogue);
      } else {
        of_input.backward_data(dz, kernel, pass.dx);
        if (pass.dx_epilogue) backend_.epilogue_backward(*pass.dx_epilogue);
      }
    }
    dy = dx;
  }
}

void Sequential::initialise(std::uint64_t seed) {
  const std::uint64_t network = number_of(name_);
  std::vector<float> host(static_cast<std::size_t>(network_.flat_size), 0.0F);
  for (std::size_t index = 0; index < network_.parameters.size(); ++index) {
    const TensorView& tensor = network_.parameters[index];
    float* out = host.data() + tensor.offset;
    if (tensor.name.ends_with(".gamma")) std::fill_n(out, tensor.size(), 1.0F);
    if (!tensor.name.ends_with(".kernel")) continue;
    // Keras: the last two dimensions are in and out (for a transposed convolution out and in, with
    // the same sum), times the kernel's area.
    const auto& shape = tensor.shape;
    const std::int64_t fan_sum =
        tensor.size() / shape[shape.size() - 1] + tensor.size() / shape[shape.size() - 2];
    const double limit = std::sqrt(6.0 / static_cast<double>(fan_sum));
    for (std::int64_t e = 0; e < tensor.size(); ++e) {
      const PhiloxBlock block = philox_at(seed, random_stream::initialisation,
                                          network << 32 | index, static_cast<std::uint32_t>(e / 4));
      const double u = (block.word[e % 4] + 0.5) * 0x1p-32;  // in (0, 1)
      out[e] = static_cast<float>((2 * u - 1) * limit);
    }
  }
  backend_.upload(values(), host.data(), host.size() * sizeof(float));
  std::fill(host.begin(), host.end(), 0.0F);
  for (float* flat : {gradients(), adam_m(), adam_v()})
    backend_.upload(flat, host.data(), host.size() * sizeof(float));
  if (const Buffer& last = network_.nodes.back().delta; last.bytes() > 0) {
    const std::vector<float> ones(last.bytes() / sizeof(float), 1.0F);
    backend_.upload(last.f32(), ones.data(), last.bytes());
  }

  std::vector<float> statistics(static_cast<std::size_t>(network_.moving_size), 0.0F);
  for (const TensorView& tensor : network_.moving_statistics)
    if (tensor.name.ends_with(".moving_variance"))
      std::fill_n(statistics.data() + tensor.offset, tensor.size(), 1.0F);
  backend_.upload(moving(), statistics.data(), statistics.size() * sizeof(float));
}

}  // namespace dcgan
