// What may follow a layer's arithmetic within the same kernel: y = dropout(activation(z + bias)).
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_HOME {

enum class ActivationKind : int { none, leaky_relu, tanh };

struct EpilogueParameters {
  ActivationKind activation = ActivationKind::none;
  float slope = 0;                     // of LeakyReLU where z <= 0
  const float* bias = nullptr;         // [channels], or null
  const std::uint8_t* keep = nullptr;  // [rows, channels] of 0 or 1, or null: no dropout
  float keep_scale = 1;                // 1 / (1 - rate)

  /// y of z at `index` = row * channels + channel.
  __device__ __forceinline__ float apply(float z, int channel, std::int64_t index) const {
    if (bias) z += bias[channel];
    if (activation == ActivationKind::leaky_relu) z = z > 0 ? z : z * slope;
    if (activation == ActivationKind::tanh) z = tanhf(z);
    if (keep) z = keep[index] ? z * keep_scale : 0.0F;
    return z;
  }
  /// dz of dy, from y: LeakyReLU keeps the sign and dropout's scale is known, so the input itself
  /// is not needed.
  __device__ __forceinline__ float differentiate(float dy, float y, bool kept) const {
    if (keep) dy = kept ? dy * keep_scale : 0.0F;
    if (activation == ActivationKind::leaky_relu) return y > 0 ? dy : dy * slope;
    if (activation == ActivationKind::tanh) {
      const float t = keep ? y / keep_scale : y;
      return dy * (1 - t * t);
    }
    return dy;
  }
};

}  // namespace dcgan::DCGAN_HOME
