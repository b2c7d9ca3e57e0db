// Division of an index by a number that is known when a kernel is planned: one high multiplication
// and a shift instead of the two dozen instructions of an integer division (Granlund and
// Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994; here for dividends
// below 2^31).
#pragma once
#include "kernels/device/device.h"

namespace dcgan::DCGAN_TARGET {

struct Division {
  int quotient, remainder;
};

class Divider {
 public:
  Divider() = default;
  /// 1 <= divisor < 2^31
  explicit Divider(int divisor) : divisor_(divisor) {
    // magic = ceil(2^(31 + shift) / divisor) with 2^shift >= divisor fits 32 bits and is exact for
    // dividends below 2^31.
    unsigned shift = 0;
    while ((std::uint64_t{1} << shift) < static_cast<std::uint64_t>(divisor)) ++shift;
    const std::uint64_t power = std::uint64_t{1} << (31 + shift);
    magic_ = static_cast<unsigned>((power + static_cast<unsigned>(divisor) - 1) /
                                   static_cast<unsigned>(divisor));
    shift_ = shift;
  }

  __device__ __forceinline__ int divide(int n) const {
    const auto product = std::uint64_t{magic_} * static_cast<unsigned>(n);
    return static_cast<int>(static_cast<unsigned>(product >> 31) >> shift_);  // it fits 32 bits
  }
  __device__ __forceinline__ Division divmod(int n) const {
    const int quotient = divide(n);
    return {quotient, n - quotient * divisor_};
  }
  __device__ __forceinline__ int remainder(int n) const { return divmod(n).remainder; }

 private:
  int divisor_ = 1;
  unsigned magic_ = 1u << 31, shift_ = 0;
};

}  // namespace dcgan::DCGAN_TARGET
