// Turns a list of layers into Sequential's nodes and tensors.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "nn/node.h"

namespace dcgan {

/// Visits the layers in order; each overload adds a node or folds into the last one.
class Sequential::Builder {
 public:
  Builder(std::string network, SampleShape input) : network_(std::move(network)), shape_(input) {}

  void operator()(const layer::Dense&);
  void operator()(const layer::Conv2d&);
  void operator()(const layer::ConvTranspose2d&);
  void operator()(const layer::BatchNorm&);
  void operator()(const layer::LeakyReLU&);
  void operator()(const layer::Dropout&);
  void operator()(const layer::Tanh&);
  void operator()(const layer::Reshape&);

  std::vector<Node> nodes;
  std::vector<DropoutLayer> dropouts;
  std::vector<TensorView> parameters, moving_statistics;
  std::int64_t flat_size = 0, moving_size = 0;

 private:
  Node& add(Node::Kind kind, SampleShape out);
  Node& last_that_takes(Activation activation);
  std::string layer_name(const std::string& kind);
  int add_tensor(std::vector<TensorView>& list, std::int64_t& size, const std::string& name,
                 std::vector<std::int64_t> shape);
  int add_parameter(const std::string& name, std::vector<std::int64_t> shape);
  void add_bias(Node& node, const std::string& name, bool wanted);

  std::string network_;
  SampleShape shape_;
  std::map<std::string, int> counts_;
};

}  // namespace dcgan
