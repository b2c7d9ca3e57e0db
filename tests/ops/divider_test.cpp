// The kernels' division, against the processor's.
#include <gtest/gtest.h>

#include <climits>
#include <random>
#include <set>

#include "kernels/device/divider.h"

namespace dcgan::test {
namespace {

using DCGAN_TARGET::Divider;

/// 0, the largest, and both sides of multiples: of the first ones, of the last ones, and of some.
std::set<std::int64_t> dividends(std::int64_t divisor) {
  std::set<std::int64_t> all{0, 1, INT_MAX - 1, INT_MAX};
  const std::int64_t last = INT_MAX / divisor;
  std::mt19937_64 random(static_cast<std::uint64_t>(divisor));
  std::set<std::int64_t> quotients{1, 2, 3, last / 2, last - 2, last - 1, last};
  for (int i = 0; i < 50; ++i)
    quotients.insert(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last)) + 1);
  for (const std::int64_t q : quotients)
    for (std::int64_t n = q * divisor - 1; n <= q * divisor + 1; ++n)
      if (n >= 0 && n <= INT_MAX) all.insert(n);
  return all;
}

TEST(Divider, DividesAsTheProcessorDoes) {
  std::set<std::int64_t> divisors{784, 3136, 6272, 12544, 100352, INT_MAX - 1, INT_MAX};
  for (std::int64_t d = 1; d <= 1000; ++d) divisors.insert(d);
  for (std::int64_t power = 1024; power < INT_MAX; power *= 2)
    for (const std::int64_t d : {power - 1, power, power + 1}) divisors.insert(d);
  for (const std::int64_t d : divisors) {
    const int divisor = static_cast<int>(d);
    const Divider divider(divisor);
    for (const std::int64_t dividend : dividends(d)) {
      const int n = static_cast<int>(dividend);
      const auto [quotient, remainder] = divider.divmod(n);
      ASSERT_EQ(quotient, n / divisor) << n << " / " << divisor;
      ASSERT_EQ(remainder, n % divisor) << n << " % " << divisor;
      ASSERT_EQ(divider.divide(n), n / divisor);
      ASSERT_EQ(divider.remainder(n), n % divisor);
    }
  }
}

}  // namespace
}  // namespace dcgan::test
