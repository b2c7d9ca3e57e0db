// Layers in words, for `info` and for people: what a spec says and nothing it leaves to defaults.
#include "nn/layer_spec.h"

#include <cstdio>

namespace dcgan {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string convolution(const char* name, std::int64_t filters, std::int64_t kernel,
                        std::int64_t stride, bool bias) {
  const std::string side = std::to_string(kernel);
  return std::string(name) + " " + std::to_string(filters) + " " + side + "x" + side + " stride " +
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
    return "BatchNorm momentum " + number(l.momentum) + " epsilon " + number(l.epsilon);
  }
  std::string operator()(const layer::LeakyReLU& l) const {
    return l.slope == 0 ? "ReLU" : "LeakyReLU " + number(l.slope);
  }
  std::string operator()(const layer::Dropout& l) const { return "Dropout " + number(l.rate); }
  std::string operator()(const layer::Tanh&) const { return "Tanh"; }
  std::string operator()(const layer::Reshape& l) const {
    const SampleShape& s = l.shape;
    if (s.height == 1 && s.width == 1) return "Reshape " + std::to_string(s.channels);
    return "Reshape " + std::to_string(s.height) + "x" + std::to_string(s.width) + "x" +
           std::to_string(s.channels);
  }
};

}  // namespace

std::string to_string(const LayerSpec& layer) { return std::visit(Describe{}, layer); }

}  // namespace dcgan
