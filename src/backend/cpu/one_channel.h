// Direct kernels for convolutions between an image of one channel and one of many: the first layer
// of a discriminator and the last of a generator, which have too little arithmetic per value for
// oneDNN's blocking.
#pragma once
#include <memory>

#include "backend/cpu/convolution.h"

namespace dcgan::cpu {

/// The conv2d `s`, whose s.in is 1. Null where the kernels do not cover the shape: a kernel above
/// 5x5 or narrower than the stride, or a very large image.
std::unique_ptr<Convolution> make_one_channel_convolution(const ConvShape& s);

}  // namespace dcgan::cpu
