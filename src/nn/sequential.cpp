// Forward and backward through the chain.
#include "nn/sequential.h"

#include <algorithm>
#include <cmath>

#include "dcgan/error.h"
#include "ops/philox.h"
#include "nn/builder.h"

namespace dcgan {
namespace {

constexpr std::uint32_t initialisation_stream = 1;  // of Philox; train/gan.h has the others

std::int64_t total_size(const std::vector<TensorView>& tensors) {
  std::int64_t count = 0;
  for (const TensorView& tensor : tensors) count += tensor.size();
  return count;
}

}  // namespace

NetworkSize Sequential::size_of(const std::vector<LayerSpec>& layers, SampleShape input,
                                std::int64_t max_rows) {
  Builder builder("network", input);
  for (const LayerSpec& layer : layers) std::visit(builder, layer);
  // As the constructor below allocates it.
  constexpr std::int64_t copies = 4, gradient_memories = 2;
  std::int64_t widest = 0, per_row = 0, mask_bytes = 0;
  for (const Node& node : builder.nodes) {
    per_row += node.out.size();
    if (&node != &builder.nodes.front()) widest = std::max(widest, node.in.size());
  }
  for (const DropoutLayer& dropout : builder.dropouts) mask_bytes += dropout.shape.size();
  const std::int64_t floats = copies * builder.flat_size + builder.moving_size +
                              max_rows * (per_row + gradient_memories * widest);
  return {total_size(builder.parameters), total_size(builder.moving_statistics),
          floats * std::int64_t{sizeof(float)} + max_rows * mask_bytes};
}

Sequential::Sequential(Backend& backend, std::string name, const std::vector<LayerSpec>& layers,
                       SampleShape input, std::int64_t max_rows)
    : backend_(backend), name_(std::move(name)), input_(input), max_rows_(max_rows) {
  Builder builder(name_, input);
  for (const LayerSpec& layer : layers) std::visit(builder, layer);
  nodes_ = std::move(builder.nodes);
  if (nodes_.empty()) throw UsageError(name_ + ": a network without layers");
  dropouts_ = std::move(builder.dropouts);
  parameters_ = std::move(builder.parameters);
  moving_statistics_ = std::move(builder.moving_statistics);
  flat_size_ = builder.flat_size;
  moving_size_ = builder.moving_size;

  const auto floats = [&](std::int64_t n) {
    return backend_.allocate(static_cast<std::size_t>(n) * sizeof(float));
  };
  for (Buffer* flat : {&values_, &gradients_, &adam_m_, &adam_v_}) *flat = floats(flat_size_);
  moving_ = floats(moving_size_);
  std::int64_t widest = 0;
  for (Node& node : nodes_) {
    node.y = floats(max_rows_ * node.out.size());
    if (node.kind == Node::Kind::batch_norm) {
      node.mean = floats(node.out.channels);
      node.inv_std = floats(node.out.channels);
    }
    if (&node != &nodes_.front()) widest = std::max(widest, node.in.size());
  }
  for (Buffer& memory : gradient_memory_) memory = floats(max_rows_ * widest);
  for (DropoutLayer& dropout : dropouts_)
    dropout.keep = backend_.allocate(static_cast<std::size_t>(max_rows_ * dropout.shape.size()));
}

Sequential::~Sequential() = default;

SampleShape Sequential::output() const { return nodes_.back().out; }

std::int64_t Sequential::parameter_count() const { return total_size(parameters_); }

std::int64_t Sequential::moving_count() const { return total_size(moving_statistics_); }

Sequential::Plan& Sequential::plan(std::int64_t rows) {
  Plan& plan = plans_[rows];
  plan.linear.resize(nodes_.size());
  plan.batch_norm.resize(nodes_.size());
  return plan;
}

LinearOp& Sequential::linear_op(std::size_t index, std::int64_t rows) {
  std::unique_ptr<LinearOp>& op = plan(rows).linear[index];
  if (!op) {
    const Node& n = nodes_[index];
    const ConvShape conv{rows,           n.in.height,   n.in.width, n.in.channels,
                         n.out.channels, n.kernel_size, n.stride};
    switch (n.kind) {
      case Node::Kind::conv2d:
        op = backend_.conv2d(conv, n.epilogue);
        break;
      case Node::Kind::conv_transpose2d:
        op = backend_.conv_transpose2d(conv, n.epilogue);
        break;
      default:
        op = backend_.dense({rows, n.in.size(), n.out.size()}, n.epilogue);
    }
  }
  return *op;
}

BatchNormOp& Sequential::batch_norm_op(std::size_t index, std::int64_t rows) {
  std::unique_ptr<BatchNormOp>& op = plan(rows).batch_norm[index];
  if (!op) {
    const Node& n = nodes_[index];
    op = backend_.batch_norm({n.rows(rows), n.out.channels, n.momentum, n.batch_norm_epsilon,
                              n.epilogue.activation, n.epilogue.slope});
  }
  return *op;
}

const float* Sequential::forward(std::int64_t rows, const float* x, Mode mode, float* output) {
  if (rows < 1 || rows > max_rows_)
    throw Error(name_ + ": " + std::to_string(rows) + " rows where " + std::to_string(max_rows_) +
                " were planned");
  last_input_ = x;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    float* y = i + 1 == nodes_.size() && output ? output : node.y.f32();
    if (node.kind == Node::Kind::batch_norm) {
      const BatchNormParameters p{values() + parameters_[node.gamma].offset,
                                  values() + parameters_[node.beta].offset,
                                  moving() + moving_statistics_[node.moving_mean].offset,
                                  moving() + moving_statistics_[node.moving_variance].offset};
      if (mode == Mode::training)
        batch_norm_op(i, rows).forward_training(x, p, node.mean.f32(), node.inv_std.f32(), y);
      else
        batch_norm_op(i, rows).forward_inference(x, p, y);
    } else {
      const bool drops = node.dropout >= 0 && mode == Mode::training;
      const float* bias = node.bias >= 0 ? values() + parameters_[node.bias].offset : nullptr;
      const std::uint8_t* keep = drops ? dropouts_[node.dropout].keep.u8() : nullptr;
      if (node.linear()) {
        linear_op(i, rows).forward(x, values() + parameters_[node.kernel].offset, bias, keep, y);
      } else {
        backend_.copy(y, x, static_cast<std::size_t>(rows * node.out.size()) * sizeof(float));
        backend_.epilogue_forward(node.epilogue, node.rows(rows), node.out.channels, bias, keep, y);
      }
    }
    x = y;
  }
  last_output_ = const_cast<float*>(x);
  return x;
}

void Sequential::backward(const BackwardPass& pass) {
  if (pass.sample_scale && nodes_.back().kind == Node::Kind::batch_norm)
    throw Error(name_ + ": factors per sample cannot be applied behind batch norm");
  if (pass.dx && !nodes_.front().linear())
    throw Error(name_ + ": a first layer without a kernel gives no gradient of its input");
  float* dy = pass.dy;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    const bool last = i + 1 == nodes_.size();
    const float* x =
        (i == 0 ? last_input_ : nodes_[i - 1].y.f32()) + pass.first_row * node.in.size();
    const float* y = (last ? last_output_ : node.y.f32()) + pass.first_row * node.out.size();
    // Batch norm works in place, so the free one of the two buffers is the one dy is not in.
    float* dx = i == 0 ? nullptr : gradient_memory_[dy == gradient_memory_[0].f32()].f32();

    if (node.kind == Node::Kind::batch_norm) {
      if (pass.first_row != 0)
        throw Error(name_ + ": a part of a batch cannot be differentiated through batch norm");
      const BatchNormParameters p{values() + parameters_[node.gamma].offset,
                                  values() + parameters_[node.beta].offset, nullptr, nullptr};
      batch_norm_op(i, pass.rows)
          .backward(x, y, dy, p, node.mean.f32(), node.inv_std.f32(), dy,
                    gradients() + parameters_[node.gamma].offset,
                    gradients() + parameters_[node.beta].offset);
      continue;  // its gradient was made in place
    }

    const float* sample_scale = last ? pass.sample_scale : nullptr;
    if (node.epilogue.does_something() || sample_scale) {
      const std::uint8_t* keep =
          node.dropout >= 0 ? dropouts_[node.dropout].keep.u8() + pass.first_row * node.out.size()
                            : nullptr;
      float* dbias = node.bias >= 0 && pass.parameter_gradients
                         ? gradients() + parameters_[node.bias].offset
                         : nullptr;
      backend_.epilogue_backward(node.epilogue, node.rows(pass.rows), node.out.channels, y, keep,
                                 sample_scale, node.out.size(), dy, dbias);
    }
    if (!node.linear()) continue;

    const float* kernel = values() + parameters_[node.kernel].offset;
    float* dkernel = gradients() + parameters_[node.kernel].offset;
    LinearOp& op = linear_op(i, pass.rows);
    if (pass.parameter_gradients && dx)
      op.backward(x, dy, kernel, dx, dkernel);
    else if (pass.parameter_gradients)
      op.backward_weights(x, dy, dkernel);
    else if (dx)
      op.backward_data(dy, kernel, dx);
    if (!dx && pass.dx)
      linear_op(i, pass.dx_rows)
          .backward_data(dy + pass.dx_first_row * node.out.size(), kernel, pass.dx);
    dy = dx;
  }
}

void Sequential::initialise(std::uint64_t seed) {
  // Both networks draw from one stream; the name tells their blocks apart.
  const std::uint64_t network = name_ == "generator" ? 0 : 1;
  std::vector<float> host(static_cast<std::size_t>(flat_size_), 0.0F);
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const TensorView& tensor = parameters_[index];
    float* out = host.data() + tensor.offset;
    if (tensor.name.ends_with(".gamma")) std::fill_n(out, tensor.size(), 1.0F);
    if (!tensor.name.ends_with(".kernel")) continue;
    // Keras: the last two dimensions are in and out (for a transposed convolution out and in, which
    // their sum does not mind), times the kernel's area.
    const auto& shape = tensor.shape;
    const std::int64_t fan_sum =
        tensor.size() / shape[shape.size() - 1] + tensor.size() / shape[shape.size() - 2];
    const double limit = std::sqrt(6.0 / static_cast<double>(fan_sum));
    for (std::int64_t e = 0; e < tensor.size(); ++e) {
      const PhiloxBlock block = philox_at(seed, initialisation_stream, network << 32 | index,
                                          static_cast<std::uint32_t>(e / 4));
      const double u = (block.word[e % 4] + 0.5) * 0x1p-32;  // in (0, 1)
      out[e] = static_cast<float>((2 * u - 1) * limit);
    }
  }
  backend_.upload(values(), host.data(), host.size() * sizeof(float));
  std::fill(host.begin(), host.end(), 0.0F);
  for (float* flat : {gradients(), adam_m(), adam_v()})
    backend_.upload(flat, host.data(), host.size() * sizeof(float));

  std::vector<float> statistics(static_cast<std::size_t>(moving_size_), 0.0F);
  for (const TensorView& tensor : moving_statistics_)
    if (tensor.name.ends_with(".moving_variance"))
      std::fill_n(statistics.data() + tensor.offset, tensor.size(), 1.0F);
  backend_.upload(moving(), statistics.data(), statistics.size() * sizeof(float));
}

}  // namespace dcgan
