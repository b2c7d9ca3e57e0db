// From the interface's epilogue to the kernels'.
#pragma once
#include "backend/backend.h"
#include "backend/cuda/backend.h"
#include "kernels/epilogue_parameters.h"

namespace dcgan::DCGAN_TARGET {

inline EpilogueParameters parameters_of(const Epilogue& e, const float* bias,
                                        const std::uint8_t* keep) {
  EpilogueParameters p;
  p.activation = e.activation == Activation::leaky_relu ? ActivationKind::leaky_relu
                 : e.activation == Activation::tanh     ? ActivationKind::tanh
                                                        : ActivationKind::none;
  p.slope = e.slope;
  p.bias = e.bias ? bias : nullptr;
  p.keep = e.dropout_rate > 0 ? keep : nullptr;
  p.keep_scale = e.keep_scale();
  return p;
}

}  // namespace dcgan::DCGAN_TARGET
