// Layer by layer: shapes, tensor names, and what can be folded into the layer before.
#include "nn/builder.h"

#include <numeric>

#include "dcgan/error.h"

namespace dcgan {

std::int64_t TensorView::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Sequential::Node& Sequential::Builder::add(Node::Kind kind, SampleShape out) {
  Node& node = nodes.emplace_back();
  node.kind = kind;
  node.in = shape_;
  node.out = out;
  shape_ = out;
  return node;
}

std::string Sequential::Builder::layer_name(const std::string& kind) {
  return network_ + "." + kind + std::to_string(++counts_[kind]);
}

int Sequential::Builder::add_tensor(std::vector<TensorView>& list, std::int64_t& size,
                                    const std::string& name, std::vector<std::int64_t> shape) {
  TensorView view{name, std::move(shape), size};
  constexpr std::int64_t alignment = 16;  // floats: one cache line
  size += (view.size() + alignment - 1) / alignment * alignment;
  list.push_back(std::move(view));
  return static_cast<int>(list.size()) - 1;
}

int Sequential::Builder::add_parameter(const std::string& name, std::vector<std::int64_t> shape) {
  return add_tensor(parameters, flat_size, name, std::move(shape));
}

void Sequential::Builder::add_bias(Node& node, const std::string& name, bool wanted) {
  if (!wanted) return;
  node.epilogue.bias = true;
  node.bias = add_parameter(name + ".bias", {node.out.channels});
}

void Sequential::Builder::operator()(const layer::Dense& dense) {
  const std::int64_t in = shape_.size();
  shape_ = {1, 1, in};
  Node& node = add(Node::Kind::dense, {1, 1, dense.units});
  const std::string name = layer_name("dense");
  node.kernel = add_parameter(name + ".kernel", {in, dense.units});
  add_bias(node, name, dense.bias);
}

void Sequential::Builder::operator()(const layer::Conv2d& conv) {
  const SampleShape in = shape_;
  Node& node = add(Node::Kind::conv2d, {(in.height + conv.stride - 1) / conv.stride,
                                        (in.width + conv.stride - 1) / conv.stride, conv.filters});
  node.kernel_size = conv.kernel;
  node.stride = conv.stride;
  const std::string name = layer_name("conv");
  node.kernel =
      add_parameter(name + ".kernel", {conv.kernel, conv.kernel, in.channels, conv.filters});
  add_bias(node, name, conv.bias);
}

void Sequential::Builder::operator()(const layer::ConvTranspose2d& conv) {
  const SampleShape in = shape_;
  Node& node = add(Node::Kind::conv_transpose2d,
                   {in.height * conv.stride, in.width * conv.stride, conv.filters});
  node.kernel_size = conv.kernel;
  node.stride = conv.stride;
  const std::string name = layer_name("conv_transpose");
  node.kernel =
      add_parameter(name + ".kernel", {conv.kernel, conv.kernel, conv.filters, in.channels});
  add_bias(node, name, conv.bias);
}

void Sequential::Builder::operator()(const layer::BatchNorm& batch_norm) {
  Node& node = add(Node::Kind::batch_norm, shape_);
  node.momentum = static_cast<float>(batch_norm.momentum);
  node.batch_norm_epsilon = static_cast<float>(batch_norm.epsilon);
  const std::string name = layer_name("batch_norm");
  const std::vector<std::int64_t> channels{shape_.channels};
  node.gamma = add_parameter(name + ".gamma", channels);
  node.beta = add_parameter(name + ".beta", channels);
  node.moving_mean = add_tensor(moving_statistics, moving_size, name + ".moving_mean", channels);
  node.moving_variance =
      add_tensor(moving_statistics, moving_size, name + ".moving_variance", channels);
}

// The last node, if its epilogue can still take the activation; else a new node for it alone.
Sequential::Node& Sequential::Builder::last_that_takes(Activation activation) {
  if (!nodes.empty()) {
    Node& last = nodes.back();
    const bool free =
        last.epilogue.activation == Activation::none && last.epilogue.dropout_rate == 0;
    const bool fits = last.kind != Node::Kind::batch_norm || activation == Activation::leaky_relu;
    if (free && fits) return last;
  }
  return add(Node::Kind::pointwise, shape_);
}

void Sequential::Builder::operator()(const layer::LeakyReLU& leaky) {
  Node& node = last_that_takes(Activation::leaky_relu);
  node.epilogue.activation = Activation::leaky_relu;
  node.epilogue.slope = static_cast<float>(leaky.slope);
}

void Sequential::Builder::operator()(const layer::Tanh&) {
  last_that_takes(Activation::tanh).epilogue.activation = Activation::tanh;
}

void Sequential::Builder::operator()(const layer::Dropout& dropout) {
  if (dropout.rate == 0) return;
  const bool fold = !nodes.empty() && nodes.back().kind != Node::Kind::batch_norm &&
                    nodes.back().epilogue.dropout_rate == 0;
  Node& node = fold ? nodes.back() : add(Node::Kind::pointwise, shape_);
  node.epilogue.dropout_rate = static_cast<float>(dropout.rate);
  node.dropout = static_cast<int>(dropouts.size());
  dropouts.push_back({shape_, node.epilogue.dropout_rate, {}});
}

void Sequential::Builder::operator()(const layer::Reshape& reshape) {
  if (reshape.shape.size() != shape_.size())
    throw UsageError(network_ + ": a reshape from " + std::to_string(shape_.size()) + " to " +
                     std::to_string(reshape.shape.size()) + " values");
  shape_ = reshape.shape;
}

}  // namespace dcgan
