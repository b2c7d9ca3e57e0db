// A network in double: the layers of a spec one by one, nothing folded, nothing planned. Tensors
// have the names that files give them.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "nn/layer_spec.h"
#include "ref/reference.h"

namespace dcgan::ref {

using Tensors = std::map<std::string, Vector>;
/// One mask per dropout layer, [rows, layer].
using Masks = std::vector<std::vector<std::uint8_t>>;

/// A trainable tensor; the fans are those of Glorot and Bengio, of kernels alone.
struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t fan_in = 0, fan_out = 0;
  std::size_t size() const;
};

class Network {
 public:
  Network(const std::string& name, const std::vector<LayerSpec>& layers, SampleShape input);

  /// In the order of the layers: a layer's kernel, then its bias; gamma, then beta.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// "generator.batch_norm1.moving_mean", then the variance: of each batch norm.
  const std::vector<Parameter>& moving_statistics() const { return moving_statistics_; }
  /// The shapes that dropout layers mask.
  const std::vector<SampleShape>& dropouts() const { return dropouts_; }
  const std::vector<double>& dropout_rates() const { return dropout_rates_; }

  /// Parameters and moving statistics, gradients and Adam's moments by the parameters' names.
  Tensors values, gradients, adam_m, adam_v;

  /// Kernels from the documented addresses, biases 0 ...: a run's initial values.
  void initialise(std::uint64_t seed);

  /// y [rows, output] of x [rows, input] with the batch's statistics, which the moving ones follow.
  Vector forward(std::int64_t rows, const Vector& x, const Masks& masks);
  /// With the moving statistics and without dropout.
  Vector infer(std::int64_t rows, const Vector& x) const;
  /// The input's gradient from dy, that of the last forward()'s result. Adds to `gradients`.
  Vector backward(const Vector& dy);
  /// The sum over samples of |dD/dx|^2 / 2 at x, where D is the sum of the outputs times codes
  /// [rows, output]. Adds `factor` times its gradients to `gradients`. Around each sample D is
  /// linear, so those are the slopes of D's own gradients along dD/dx, taken by differences so
  /// small that no kink lies between.
  double penalise(std::int64_t rows, const Vector& x, const Masks& masks, const Vector& codes,
                  double factor);
  void clear_gradients();
  /// One Adam step; t counts from 1.
  void update(const AdamConfig& config, std::int64_t t);

  /// How near to zero an input of a LeakyReLU came in any forward(), relative to the layer's
  /// largest: that near, a program in float may be on the other side of the kink.
  double nearest_kink() const { return nearest_kink_; }

 private:
  struct Layer {
    LayerSpec spec;
    SampleShape in, out;
    std::string name;  // "generator.conv1"; empty where there are no tensors
    int dropout = -1;
  };
  struct Build;
  enum class Statistics { of_the_batch, moving };

  Vector apply(const Layer& layer, std::int64_t rows, const Vector& x, const Masks& masks,
               Statistics statistics, Tensors& moving) const;
  Vector differentiate(const Layer& layer, const Vector& x, const Vector& dy);
  void look_for_kinks(const Vector& z);

  std::string name_;
  std::vector<Layer> layers_;
  std::vector<Parameter> parameters_, moving_statistics_;
  std::vector<SampleShape> dropouts_;
  std::vector<double> dropout_rates_;
  // Of the last forward():
  std::int64_t rows_ = 0;
  std::vector<Vector> inputs_;  // of each layer
  Masks masks_;
  double nearest_kink_ = 1;
};

}  // namespace dcgan::ref
