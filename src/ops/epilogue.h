// What follows a layer's arithmetic: y = dropout(activation(z + bias)), in place, and back.
#pragma once
#include <cstdint>

#include "ops/op.h"

namespace dcgan {

enum class Activation { none, leaky_relu, tanh };

struct Epilogue {
  bool bias = false;
  Activation activation = Activation::none;
  float slope = 0;         ///< of LeakyReLU where z <= 0
  float dropout_rate = 0;  ///< 0: no dropout; kept values are scaled by 1 / (1 - rate)

  float keep_scale() const;
  bool plain() const;  ///< nothing but a bias, if that
  bool does_something() const;
};

/// y = epilogue(y) for y [rows, channels].
struct EpilogueForward {
  Epilogue epilogue;
  std::int64_t rows, channels;
  const float* bias;         ///< [channels], if the epilogue has one
  const std::uint8_t* keep;  ///< [rows, channels] of 0 or 1, if it has dropout; null: inference
  float* y;
};

/// From dy, the gradient of the result y, to dz, the gradient of the epilogue's input.
struct EpilogueBackward {
  Epilogue epilogue;
  std::int64_t rows, channels;
  const float* y;             ///< the result
  const std::uint8_t* keep;   ///< as in the forward pass
  const float* sample_scale;  ///< multiplies the gradient of each sample; null: none
  std::int64_t sample_size;   ///< values of a sample, if there are factors
  float* dy;                  ///< becomes dz
  float* dbias;               ///< [channels], the sums of dz over the rows; null: not computed
};

double least_bytes(const EpilogueForward& call);
Op describe(const EpilogueForward& call);
double least_bytes(const EpilogueBackward& call);
Op describe(const EpilogueBackward& call);
/// A layer's backward-data that goes on through the epilogue before it: dy stays within it.
Op through(Op backward_data, const EpilogueBackward& before);

}  // namespace dcgan
