// Samples in [-1, 1] as the bytes of pictures.
#include <gtest/gtest.h>

#include <cmath>

#include "image/image.h"

namespace dcgan::test {
namespace {

TEST(ToBytes, RoundsToTheNearestLevel) {
  EXPECT_EQ(to_bytes({-1, 1, 0, -5, 5, NAN, -1 + 0.6F / 127.5F, 1 - 0.6F / 127.5F, 1e30F}),
            (std::vector<std::uint8_t>{0, 255, 128, 0, 255, 0, 1, 254, 255}));
}

}  // namespace
}  // namespace dcgan::test
