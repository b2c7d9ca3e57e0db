// A network as data: what the presets say and Sequential builds.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dcgan {

/// A sample's shape: [height, width, channels]; a vector of n is {1, 1, n}.
struct SampleShape {
  std::int64_t height = 1, width = 1, channels = 1;
  std::int64_t size() const { return height * width * channels; }
  bool operator==(const SampleShape&) const = default;
};

namespace layer {
struct Dense {
  std::int64_t units;
  bool bias = true;
};
struct Conv2d {
  std::int64_t filters, kernel, stride;
  bool bias = true;
};
struct ConvTranspose2d {
  std::int64_t filters, kernel, stride;
  bool bias = true;
};
struct BatchNorm {
  double momentum, epsilon;
};
struct LeakyReLU {
  double slope;  ///< 0: a ReLU
};
struct Dropout {
  double rate;
};
struct Tanh {};
/// To the same number of values in another shape; a flatten is a Reshape to {1, 1, size}.
struct Reshape {
  SampleShape shape;
};
}  // namespace layer

using LayerSpec =
    std::variant<layer::Dense, layer::Conv2d, layer::ConvTranspose2d, layer::BatchNorm,
                 layer::LeakyReLU, layer::Dropout, layer::Tanh, layer::Reshape>;

/// One line on a layer: "Conv2d 64 5x5 stride 2".
std::string to_string(const LayerSpec& layer);

}  // namespace dcgan
