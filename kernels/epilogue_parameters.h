// What may follow a layer's arithmetic within the same kernel: y = dropout(activation(z + bias)).
#pragma once
#include "kernels/device/pack.h"
#include "ops/epilogue.h"

namespace dcgan::DCGAN_TARGET {

struct EpilogueParameters {
  Activation activation = Activation::none;
  float slope = 0;                     // of LeakyReLU where z <= 0
  const float* bias = nullptr;         // [channels], or null
  const std::uint8_t* keep = nullptr;  // [rows, channels] of 0 or 1, or null: no dropout
  float keep_scale = 1;                // 1 / (1 - rate)

  EpilogueParameters() = default;
  /// bias and keep as in EpilogueForward.
  EpilogueParameters(const Epilogue& e, const float* bias_, const std::uint8_t* keep_)
      : activation(e.activation),
        slope(e.slope),
        bias(e.bias ? bias_ : nullptr),
        keep(e.dropout_rate > 0 ? keep_ : nullptr),
        keep_scale(e.keep_scale()) {}

  /// Bytes of dropout mask that so many results read.
  double mask_bytes(std::int64_t results) const { return keep ? static_cast<double>(results) : 0; }

  /// The bias of `width` neighbouring channels, or zeros.
  template <int width>
  __device__ __forceinline__ Pack<width> bias_of(int channel) const {
    return bias ? Pack<width>::load(bias + channel) : Pack<width>{};
  }
  /// y of z for `width` neighbours of one row, of which the first is at `index` = row * channels +
  /// channel; `shift` is their bias.
  template <int width>
  __device__ __forceinline__ Pack<width> apply(Pack<width> z, const Pack<width>& shift,
                                               std::int64_t index) const {
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) z.value[i] += shift.value[i];
    if (activation == Activation::leaky_relu) {
      DCGAN_UNROLL
      for (int i = 0; i < width; ++i) z.value[i] = z.value[i] > 0 ? z.value[i] : z.value[i] * slope;
    } else if (activation == Activation::tanh) {
      DCGAN_UNROLL
      for (int i = 0; i < width; ++i) z.value[i] = tanhf(z.value[i]);
    }
    if (keep) {
      const BytePack<width> kept = BytePack<width>::load(keep + index);
      DCGAN_UNROLL
      for (int i = 0; i < width; ++i) z.value[i] = kept.value[i] ? z.value[i] * keep_scale : 0.0F;
    }
    return z;
  }
  /// dz of dy, from y: LeakyReLU keeps the sign and dropout's scale is known, so the input itself
  /// is not needed.
  __device__ __forceinline__ float differentiate(float dy, float y, bool kept) const {
    if (keep) dy = kept ? dy * keep_scale : 0.0F;
    if (activation == Activation::leaky_relu) return y > 0 ? dy : dy * slope;
    if (activation == Activation::tanh) {
      const float t = keep ? y / keep_scale : y;
      return dy * (1 - t * t);
    }
    return dy;
  }
};

}  // namespace dcgan::DCGAN_TARGET
