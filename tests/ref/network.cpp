// Forward and backward through the layers, by the references of the single ops.
#include "ref/network.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/philox.h"

namespace dcgan::ref {
namespace {

Epilogue bias_alone() { return {true, Activation::none, 0, 0}; }
Epilogue leaky(const layer::LeakyReLU& l) {
  return {false, Activation::leaky_relu, static_cast<float>(l.slope), 0};
}
Epilogue tanh_alone() { return {false, Activation::tanh, 0, 0}; }
Epilogue dropout(const layer::Dropout& l) {
  return {false, Activation::none, 0, static_cast<float>(l.rate)};
}

BatchNormShape batch_norm_shape(const layer::BatchNorm& l, const SampleShape& s,
                                std::int64_t rows) {
  return {rows * s.height * s.width, s.channels, static_cast<float>(l.momentum),
          static_cast<float>(l.epsilon)};
}

/// Calls f with the spec's layer if it is a Dense, Conv2d or ConvTranspose2d.
template <class F>
bool with_linear(const LayerSpec& spec, F f) {
  return std::visit(
      [&](const auto& l) {
        using L = std::decay_t<decltype(l)>;
        if constexpr (std::is_same_v<L, layer::Dense> || std::is_same_v<L, layer::Conv2d> ||
                      std::is_same_v<L, layer::ConvTranspose2d>) {
          f(l);
          return true;
        } else {
          return false;
        }
      },
      spec);
}

DenseShape shape_of(const layer::Dense& l, const SampleShape& in, std::int64_t rows) {
  return {rows, in.size(), l.units};
}
template <class Conv>
ConvShape shape_of(const Conv& l, const SampleShape& in, std::int64_t rows) {
  return {rows, in.height, in.width, in.channels, l.filters, l.kernel, l.stride};
}

struct Forward {
  const Vector &x, &kernel;
  std::int64_t rows;
  SampleShape in;
  Vector operator()(const layer::Dense& l) const { return dense(shape_of(l, in, rows), x, kernel); }
  Vector operator()(const layer::Conv2d& l) const {
    return conv2d(shape_of(l, in, rows), x, kernel);
  }
  Vector operator()(const layer::ConvTranspose2d& l) const {
    return conv_transpose2d(shape_of(l, in, rows), x, kernel);
  }
};

struct LinearGradients {
  Vector dx, dkernel;
};

struct Backward {
  const Vector &x, &kernel, &dz;
  std::int64_t rows;
  SampleShape in;
  LinearGradients operator()(const layer::Dense& l) const {
    const DenseShape s = shape_of(l, in, rows);
    return {dense_backward_data(s, dz, kernel), dense_backward_weights(s, x, dz)};
  }
  LinearGradients operator()(const layer::Conv2d& l) const {
    const ConvShape s = shape_of(l, in, rows);
    return {conv2d_backward_data(s, dz, kernel), conv2d_backward_weights(s, x, dz)};
  }
  LinearGradients operator()(const layer::ConvTranspose2d& l) const {
    const ConvShape s = shape_of(l, in, rows);
    return {conv_transpose2d_backward_data(s, dz, kernel),
            conv_transpose2d_backward_weights(s, x, dz)};
  }
};

void add(Vector& sum, const Vector& terms) {
  sum.resize(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) sum[i] += terms[i];
}

}  // namespace

std::size_t Parameter::size() const {
  std::size_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
  return count;
}

/// Visits the layers in order and adds what each one has.
struct Network::Build {
  Network& network;
  SampleShape shape;
  std::map<std::string, int> counts;

  Layer& add(const LayerSpec& spec, SampleShape out, const std::string& kind = "") {
    std::string name;
    if (!kind.empty()) name = network.name_ + "." + kind + std::to_string(++counts[kind]);
    network.layers_.push_back({spec, shape, out, name});
    shape = out;
    return network.layers_.back();
  }
  void add_tensors(const std::string& name, const Parameter& kernel, bool bias) {
    network.parameters_.push_back(kernel);
    if (bias) network.parameters_.push_back({name + ".bias", {shape.channels}});
  }
  void operator()(const layer::Dense& l) {
    const std::int64_t in = shape.size();
    const std::string name = add(l, {1, 1, l.units}, "dense").name;
    add_tensors(name, {name + ".kernel", {in, l.units}, in, l.units}, l.bias);
  }
  void operator()(const layer::Conv2d& l) {
    const std::int64_t in = shape.channels, area = l.kernel * l.kernel;
    const SampleShape out{(shape.height + l.stride - 1) / l.stride,
                          (shape.width + l.stride - 1) / l.stride, l.filters};
    const std::string name = add(l, out, "conv").name;
    add_tensors(
        name, {name + ".kernel", {l.kernel, l.kernel, in, l.filters}, area * in, area * l.filters},
        l.bias);
  }
  void operator()(const layer::ConvTranspose2d& l) {
    const std::int64_t in = shape.channels, area = l.kernel * l.kernel;
    const SampleShape out{shape.height * l.stride, shape.width * l.stride, l.filters};
    const std::string name = add(l, out, "conv_transpose").name;
    add_tensors(
        name, {name + ".kernel", {l.kernel, l.kernel, l.filters, in}, area * l.filters, area * in},
        l.bias);
  }
  void operator()(const layer::BatchNorm& l) {
    const std::string name = add(l, shape, "batch_norm").name;
    for (const char* tensor : {".gamma", ".beta"})
      network.parameters_.push_back({name + tensor, {shape.channels}});
    for (const char* tensor : {".moving_mean", ".moving_variance"})
      network.moving_statistics_.push_back({name + tensor, {shape.channels}});
  }
  void operator()(const layer::Dropout& l) {
    Layer& added = add(l, shape);
    if (l.rate == 0) return;
    added.dropout = static_cast<int>(network.dropouts_.size());
    network.dropouts_.push_back(shape);
    network.dropout_rates_.push_back(l.rate);
  }
  void operator()(const layer::Reshape& l) { add(l, l.shape); }
  void operator()(const layer::LeakyReLU& l) { add(l, shape); }
  void operator()(const layer::Tanh& l) { add(l, shape); }
};

Network::Network(const std::string& name, const std::vector<LayerSpec>& layers, SampleShape input)
    : name_(name) {
  Build build{*this, input, {}};
  for (const LayerSpec& spec : layers) std::visit(build, spec);
  for (const Parameter& p : parameters_)
    for (Tensors* all : {&values, &gradients, &adam_m, &adam_v}) (*all)[p.name] = Vector(p.size());
  for (const Parameter& p : moving_statistics_) values[p.name] = Vector(p.size());
}

void Network::initialise(std::uint64_t seed) {
  std::uint64_t network = name_ == "generator" ? 0 : 1;
  if (name_ != "generator" && name_ != "discriminator") {  // FNV-1a, and the highest of 32 bits
    network = 2166136261;
    for (const char c : name_)
      network = (network ^ static_cast<unsigned char>(c)) * 16777619 % (1ULL << 32);
    network |= 1ULL << 31;
  }
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    const Parameter& p = parameters_[index];
    Vector& value = values[p.name];
    value.assign(p.size(), p.name.ends_with(".gamma") ? 1 : 0);
    if (!p.name.ends_with(".kernel")) continue;
    const double limit = std::sqrt(6.0 / static_cast<double>(p.fan_in + p.fan_out));
    for (std::size_t e = 0; e < value.size(); ++e) {
      constexpr std::uint32_t stream = 1;
      const PhiloxBlock block =
          philox_at(seed, stream, network << 32 | index, static_cast<std::uint32_t>(e / 4));
      value[e] = (2 * (block.word[e % 4] + 0.5) / 4294967296.0 - 1) * limit;
    }
  }
  for (const Parameter& p : moving_statistics_)
    values[p.name].assign(p.size(), p.name.ends_with(".moving_variance") ? 1 : 0);
}

Vector Network::apply(const Layer& layer, std::int64_t rows, const Vector& x, const Masks& masks,
                      Statistics statistics, Tensors& moving) const {
  Vector y = x;
  const bool linear = with_linear(layer.spec, [&](const auto& l) {
    y = Forward{x, values.at(layer.name + ".kernel"), rows, layer.in}(l);
    if (l.bias)
      y = epilogue(bias_alone(), layer.out.channels, y, values.at(layer.name + ".bias"), {});
  });
  if (linear) return y;
  const std::int64_t channels = layer.out.channels;
  if (const auto* l = std::get_if<layer::LeakyReLU>(&layer.spec))
    return epilogue(leaky(*l), channels, x, {}, {});
  if (std::get_if<layer::Tanh>(&layer.spec)) return epilogue(tanh_alone(), channels, x, {}, {});
  if (const auto* l = std::get_if<layer::Dropout>(&layer.spec)) {
    const bool drops = layer.dropout >= 0 && statistics == Statistics::of_the_batch;
    return drops ? epilogue(dropout(*l), channels, x, {},
                            masks.at(static_cast<std::size_t>(layer.dropout)))
                 : x;
  }
  if (const auto* l = std::get_if<layer::BatchNorm>(&layer.spec)) {
    const BatchNormShape s = batch_norm_shape(*l, layer.in, rows);
    const Vector &gamma = values.at(layer.name + ".gamma"), &beta = values.at(layer.name + ".beta");
    Vector &mean = moving[layer.name + ".moving_mean"],
           &variance = moving[layer.name + ".moving_variance"];
    if (statistics == Statistics::moving)
      return batch_norm_inference(s, x, gamma, beta, mean, variance);
    BatchNormForward f = batch_norm(s, x, gamma, beta, mean, variance);
    mean = f.moving_mean;
    variance = f.moving_variance;
    return f.y;
  }
  return y;  // a Reshape
}

Vector Network::forward(std::int64_t rows, const Vector& x, const Masks& masks) {
  rows_ = rows;
  masks_ = masks;
  inputs_.clear();
  Vector y = x;
  for (const Layer& layer : layers_) {
    inputs_.push_back(y);
    if (std::get_if<layer::LeakyReLU>(&layer.spec)) look_for_kinks(y);
    y = apply(layer, rows, inputs_.back(), masks, Statistics::of_the_batch, values);
  }
  return y;
}

void Network::look_for_kinks(const Vector& z) {
  double largest = 0, smallest = std::numeric_limits<double>::infinity();
  for (const double v : z) {
    largest = std::max(largest, std::abs(v));
    if (v != 0) smallest = std::min(smallest, std::abs(v));  // zero is zero everywhere: dropped
  }
  nearest_kink_ = std::min(nearest_kink_, smallest / largest);
}

Vector Network::infer(std::int64_t rows, const Vector& x) const {
  Tensors moving = values;
  Vector y = x;
  for (const Layer& layer : layers_) y = apply(layer, rows, y, {}, Statistics::moving, moving);
  return y;
}

Vector Network::differentiate(const Layer& layer, const Vector& x, const Vector& dy) {
  const std::int64_t channels = layer.out.channels;
  Vector dx = dy;
  const bool linear = with_linear(layer.spec, [&](const auto& l) {
    if (l.bias)
      add(gradients[layer.name + ".bias"],
          epilogue_backward(bias_alone(), channels, dy, Vector(static_cast<std::size_t>(channels)),
                            {}, dy)
              .dbias);
    const LinearGradients g =
        Backward{x, values.at(layer.name + ".kernel"), dy, rows_, layer.in}(l);
    add(gradients[layer.name + ".kernel"], g.dkernel);
    dx = g.dx;
  });
  if (linear) return dx;
  if (const auto* l = std::get_if<layer::LeakyReLU>(&layer.spec))
    return epilogue_backward(leaky(*l), channels, x, {}, {}, dy).dz;
  if (std::get_if<layer::Tanh>(&layer.spec))
    return epilogue_backward(tanh_alone(), channels, x, {}, {}, dy).dz;
  if (const auto* l = std::get_if<layer::Dropout>(&layer.spec)) {
    if (layer.dropout < 0) return dy;
    const auto& keep = masks_.at(static_cast<std::size_t>(layer.dropout));
    return epilogue_backward(dropout(*l), channels, x, {}, keep, dy).dz;
  }
  if (const auto* l = std::get_if<layer::BatchNorm>(&layer.spec)) {
    const BatchNormBackward b =
        batch_norm_backward(batch_norm_shape(*l, layer.in, rows_), x,
                            values.at(layer.name + ".gamma"), values.at(layer.name + ".beta"), dy);
    add(gradients[layer.name + ".gamma"], b.dgamma);
    add(gradients[layer.name + ".beta"], b.dbeta);
    return b.dx;
  }
  return dx;  // a Reshape
}

Vector Network::backward(const Vector& dy) {
  Vector gradient = dy;
  for (std::size_t i = layers_.size(); i-- > 0;)
    gradient = differentiate(layers_[i], inputs_[i], gradient);
  return gradient;
}

double Network::penalise(std::int64_t rows, const Vector& x, const Masks& masks,
                         const Vector& codes, double factor) {
  constexpr double h = 1e-5;
  const Tensors before = gradients;
  const double kink = nearest_kink_;
  forward(rows, x, masks);
  const Vector slope = backward(codes);
  Tensors sides[2];
  for (const int side : {0, 1}) {
    Vector moved = x;
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] += (side == 0 ? -h : h) * slope[i];
    clear_gradients();
    forward(rows, moved, masks);
    backward(codes);
    sides[side] = gradients;
  }
  gradients = before;
  for (auto& [name, gradient] : gradients)
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] += factor * (sides[1].at(name)[i] - sides[0].at(name)[i]) / (2 * h);
  nearest_kink_ = kink;  // the moved samples are no part of the training
  double sum = 0;
  for (const double g : slope) sum += g * g / 2;
  return sum;
}

void Network::clear_gradients() {
  for (auto& [name, gradient] : gradients) gradient.assign(gradient.size(), 0);
}

void Network::update(const AdamConfig& config, std::int64_t t) {
  for (const Parameter& p : parameters_)
    adam(config, t, gradients[p.name], adam_m[p.name], adam_v[p.name], values[p.name]);
}

}  // namespace dcgan::ref
