// Which classes pictures are taken for, and how evenly.
#include "evaluate/classes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "dcgan/error.h"

namespace dcgan::test {
namespace {

TEST(Classes, AreThoseOfTheLargestLogits) {
  EXPECT_EQ(predicted_classes(std::vector<float>{1, 3, 2, -5, -6, -4, 0, 0, -1}, 3),
            (std::vector<int>{1, 2, 0}));
}

TEST(Classes, OfALogitThatIsNoNumberAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  try {
    predicted_classes(std::vector<float>{1, 3, 2, nan}, 2);
    ADD_FAILURE() << "were found";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("picture 2 "), std::string::npos) << e.what();
  }
}

TEST(Classes, AreRightWhereTheyAreTheLabels) {
  EXPECT_EQ(accuracy(std::vector<int>{1, 0, 2, 2}, std::vector<std::uint8_t>{1, 0, 2, 0}), .75);
}

TEST(Classes, HaveShares) {
  EXPECT_EQ(class_shares(std::vector<int>{2, 0, 2, 2}, 4), (std::vector<double>{.25, 0, .75, 0}));
}

TEST(Classes, HaveFirstPicturesInTheirOrder) {
  const std::vector<int> predicted = {3, 0, 3, 3, 1, 3, 0};
  using Lists = std::vector<std::vector<std::size_t>>;
  EXPECT_EQ(first_of_each_class(predicted, 5, 3), (Lists{{1, 6}, {4}, {}, {0, 2, 3}, {}}));
}

TEST(Entropy, IsThatOfShannonInNaturalUnits) {
  EXPECT_DOUBLE_EQ(entropy(std::vector<double>(10, .1)), std::log(10));
  EXPECT_EQ(entropy(std::vector<double>{0, 1, 0}), 0);
  EXPECT_DOUBLE_EQ(entropy(std::vector<double>{.5, .25, .25}), 1.5 * std::log(2));
}

}  // namespace
}  // namespace dcgan::test
