// In which arithmetic the matrix products of dense layers and convolutions are computed.
#pragma once

namespace dcgan {

enum class Precision {
  fp32,    ///< floats throughout
  tf32x3,  ///< tensor cores on each factor's two halves of 11 bits: about as exact as fp32
  tf32,    ///< tensor cores on factors rounded to 11 bits; sums in float
};

}  // namespace dcgan
