// Direct kernels for convolutions between an image of one channel and one of many: the first layer
// of a discriminator and the last of a generator, which have too little arithmetic per value for
// oneDNN's blocking.
#pragma once
#include <memory>

#include "backend/cpu/convolution.h"

namespace dcgan::cpu {

/// conv2d of shape `s` (with s.in == 1) and 'same' padding of pad_rows and pad_columns in front.
/// Null where the kernels do not cover the shape: a kernel above 5x5 or narrower than the stride,
/// or a very large image.
std::unique_ptr<Convolution> make_one_channel_convolution(const ConvShape& s, std::int64_t pad_rows,
                                                          std::int64_t pad_columns);

}  // namespace dcgan::cpu
