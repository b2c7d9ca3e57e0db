// Layers in words.
#include "nn/layer_spec.h"

#include <cstdio>

namespace dcgan {
namespace {

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string convolution(const char* name, std::int64_t filters, std::int64_t kernel,
                        std::int64_t stride, bool bias) {
  const std::string size = std::to_string(kernel);
  return std::string(name) + " " + std::to_string(filters) + " " + size + "x" + size + " stride " +
         std::to_string(stride) + (bias ? "" : ", no bias");
}

struct Describe {
  std::string operator()(const layer::Dense& l) const {
    return "Dense " + std::to_string(l.units) + (l.bias ? "" : ", no bias");
  }
  std::string operator()(const layer::Conv2d& l) const {
    return convolution("Conv2d", l.filters, l.kernel, l.stride, l.bias);
  }
  std::string operator()(const layer::ConvTranspose2d& l) const {
    return convolution("ConvTranspose2d", l.filters, l.kernel, l.stride, l.bias);
  }
  std::string operator()(const layer::BatchNorm& l) const {
    return "BatchNorm momentum " + decimal(l.momentum) + " epsilon " + decimal(l.epsilon);
  }
  std::string operator()(const layer::LeakyReLU& l) const {
    return "LeakyReLU " + decimal(l.slope);
  }
  std::string operator()(const layer::Dropout& l) const { return "Dropout " + decimal(l.rate); }
  std::string operator()(const layer::Tanh&) const { return "Tanh"; }
  std::string operator()(const layer::Reshape& l) const {
    return "Reshape " + std::to_string(l.shape.height) + "x" + std::to_string(l.shape.width) + "x" +
           std::to_string(l.shape.channels);
  }
};

}  // namespace

std::string to_string(const LayerSpec& layer) { return std::visit(Describe{}, layer); }

}  // namespace dcgan
