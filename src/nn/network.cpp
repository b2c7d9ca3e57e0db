// Layer by layer: shapes, tensor names, and what can be folded into the layer before.
#include "nn/network.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "dcgan/error.h"

namespace dcgan {
namespace {

/// Visits the layers in order; each overload adds a node or folds into the last one.
class Builder {
 public:
  Builder(std::string network, SampleShape input) : network_(std::move(network)), shape_(input) {}

  void operator()(const layer::Dense&);
  void operator()(const layer::Conv2d& l) {
    convolution(l.filters, l.kernel, l.stride, l.bias, false);
  }
  void operator()(const layer::ConvTranspose2d& l) {
    convolution(l.filters, l.kernel, l.stride, l.bias, true);
  }
  void operator()(const layer::BatchNorm&);
  void operator()(const layer::LeakyReLU&);
  void operator()(const layer::Dropout&);
  void operator()(const layer::Tanh&);
  void operator()(const layer::Reshape&);

  Network built;

 private:
  Node& add(Node::Kind kind, SampleShape out);
  Node& last_that_takes(Activation activation);
  std::string layer_name(const std::string& kind);
  int add_tensor(std::vector<TensorView>& list, std::int64_t& size, const std::string& name,
                 std::vector<std::int64_t> shape);
  int add_parameter(const std::string& name, std::vector<std::int64_t> shape);
  void add_bias(Node& node, const std::string& name, bool wanted);
  void convolution(std::int64_t filters, std::int64_t kernel, std::int64_t stride, bool bias,
                   bool transposed);

  std::string network_;
  SampleShape shape_;
  std::map<std::string, int> counts_;
};

Node& Builder::add(Node::Kind kind, SampleShape out) {
  Node& node = built.nodes.emplace_back();
  node.kind = kind;
  node.in = shape_;
  node.out = out;
  shape_ = out;
  return node;
}

std::string Builder::layer_name(const std::string& kind) {
  return network_ + "." + kind + std::to_string(++counts_[kind]);
}

int Builder::add_tensor(std::vector<TensorView>& list, std::int64_t& size, const std::string& name,
                        std::vector<std::int64_t> shape) {
  TensorView view{name, std::move(shape), size};
  constexpr std::int64_t alignment = 16;  // floats: one cache line
  size += (view.size() + alignment - 1) / alignment * alignment;
  list.push_back(std::move(view));
  return static_cast<int>(list.size()) - 1;
}

int Builder::add_parameter(const std::string& name, std::vector<std::int64_t> shape) {
  return add_tensor(built.parameters, built.flat_size, name, std::move(shape));
}

void Builder::add_bias(Node& node, const std::string& name, bool wanted) {
  if (!wanted) return;
  node.epilogue.bias = true;
  node.bias = add_parameter(name + ".bias", {node.out.channels});
}

void Builder::operator()(const layer::Dense& dense) {
  const std::int64_t in = shape_.size();
  Node& node = add(Node::Kind::dense, {1, 1, dense.units});
  const std::string name = layer_name("dense");
  node.kernel = add_parameter(name + ".kernel", {in, dense.units});
  add_bias(node, name, dense.bias);
}

void Builder::convolution(std::int64_t filters, std::int64_t kernel, std::int64_t stride, bool bias,
                          bool transposed) {
  const SampleShape in = shape_;
  const ConvShape s{1, in.height, in.width, in.channels, filters, kernel, stride, transposed};
  Node& node = add(Node::Kind::convolution, {s.out_height(), s.out_width(), filters});
  node.kernel_size = kernel;
  node.stride = stride;
  node.transposed = transposed;
  const std::string name = layer_name(transposed ? "conv_transpose" : "conv");
  node.kernel = add_parameter(name + ".kernel",
                              transposed ? std::vector{kernel, kernel, filters, in.channels}
                                         : std::vector{kernel, kernel, in.channels, filters});
  add_bias(node, name, bias);
}

void Builder::operator()(const layer::BatchNorm& batch_norm) {
  Node& node = add(Node::Kind::batch_norm, shape_);
  node.momentum = static_cast<float>(batch_norm.momentum);
  node.batch_norm_epsilon = static_cast<float>(batch_norm.epsilon);
  const std::string name = layer_name("batch_norm");
  const std::vector<std::int64_t> channels{shape_.channels};
  node.gamma = add_parameter(name + ".gamma", channels);
  node.beta = add_parameter(name + ".beta", channels);
  node.moving_mean =
      add_tensor(built.moving_statistics, built.moving_size, name + ".moving_mean", channels);
  node.moving_variance =
      add_tensor(built.moving_statistics, built.moving_size, name + ".moving_variance", channels);
}

// The last node, if its epilogue can still take the activation; else a new node for it alone.
Node& Builder::last_that_takes(Activation activation) {
  if (!built.nodes.empty()) {
    Node& last = built.nodes.back();
    const bool fits = last.kind != Node::Kind::batch_norm || activation == Activation::leaky_relu;
    if (last.epilogue.plain() && fits) return last;
  }
  return add(Node::Kind::pointwise, shape_);
}

void Builder::operator()(const layer::LeakyReLU& leaky) {
  Node& node = last_that_takes(Activation::leaky_relu);
  node.epilogue.activation = Activation::leaky_relu;
  node.epilogue.slope = static_cast<float>(leaky.slope);
}

void Builder::operator()(const layer::Tanh&) {
  last_that_takes(Activation::tanh).epilogue.activation = Activation::tanh;
}

void Builder::operator()(const layer::Dropout& dropout) {
  if (dropout.rate == 0) return;
  const bool fold = !built.nodes.empty() && built.nodes.back().kind != Node::Kind::batch_norm &&
                    built.nodes.back().epilogue.dropout_rate == 0;
  Node& node = fold ? built.nodes.back() : add(Node::Kind::pointwise, shape_);
  node.epilogue.dropout_rate = static_cast<float>(dropout.rate);
  node.dropout = static_cast<int>(built.dropouts.size());
  built.dropouts.push_back({shape_, node.epilogue.dropout_rate, {}});
}

void Builder::operator()(const layer::Reshape& reshape) {
  if (reshape.shape.size() != shape_.size())
    throw UsageError(network_ + ": a reshape from " + std::to_string(shape_.size()) + " to " +
                     std::to_string(reshape.shape.size()) + " values");
  shape_ = reshape.shape;
}

}  // namespace

std::int64_t TensorView::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t total_size(const std::vector<TensorView>& tensors) {
  std::int64_t count = 0;
  for (const TensorView& tensor : tensors) count += tensor.size();
  return count;
}

DenseShape Node::dense(std::int64_t samples) const { return {samples, in.size(), out.size()}; }

ConvShape Node::convolution(std::int64_t samples) const {
  return {samples, in.height, in.width, in.channels, out.channels, kernel_size, stride, transposed};
}

BatchNormShape Node::batch_norm(std::int64_t samples) const {
  return {rows(samples),      out.channels,        momentum,
          batch_norm_epsilon, epilogue.activation, epilogue.slope};
}

Network build_network(const std::string& name, const std::vector<LayerSpec>& layers,
                      SampleShape input) {
  Builder builder(name, input);
  for (const LayerSpec& layer : layers) std::visit(builder, layer);
  if (builder.built.nodes.empty()) throw UsageError(name + ": a network without layers");
  return std::move(builder.built);
}

void allocate_memory(Network& network, std::int64_t max_rows, Penalty penalty,
                     const std::function<Buffer(std::size_t bytes)>& allocate) {
  const auto floats = [&](std::int64_t n) {
    return allocate(static_cast<std::size_t>(n) * sizeof(float));
  };
  for (Buffer* flat : {&network.values, &network.gradients, &network.adam_m, &network.adam_v})
    *flat = floats(network.flat_size);
  network.moving = floats(network.moving_size);
  std::int64_t widest = 0;
  for (Node& node : network.nodes) {
    node.y = floats(max_rows * node.out.size());
    if (node.kind == Node::Kind::batch_norm) {
      node.mean = floats(node.out.channels);
      node.inv_std = floats(node.out.channels);
    }
    if (&node != &network.nodes.front()) widest = std::max(widest, node.in.size());
  }
  for (Buffer& memory : network.gradient_memory) memory = floats(max_rows * widest);
  for (DropoutLayer& dropout : network.dropouts)
    dropout.keep = allocate(static_cast<std::size_t>(max_rows * dropout.shape.size()));
  if (penalty == Penalty::none) return;
  std::int64_t widest_output = 0;
  for (Node& node : network.nodes) {
    node.delta = floats(max_rows * node.out.size());
    widest_output = std::max(widest_output, node.out.size());
  }
  network.penalty.blend = floats(max_rows * std::max({widest, network.nodes.front().in.size(),
                                                      network.nodes.back().out.size()}));
  network.penalty.place_sums = floats(widest_output);
}

}  // namespace dcgan
