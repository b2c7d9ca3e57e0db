// Tensor cores on the SIMT machine: tf32's rounding against doubles, and mma against plain matrix
// products, its fragments placed by another description of them than the machine's.
#include "kernels/device/tensor_core.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "simt/machine_test.h"

namespace simt_test {
namespace {

using dcgan::DCGAN_TARGET::add_products;
using dcgan::DCGAN_TARGET::Tf32;
using dcgan::DCGAN_TARGET::to_tf32;

/// The nearest number with 10 bits behind the point, above 2^-126 relative to its power of two,
/// below that to 2^-126; std::round takes ties away from zero. All steps are exact.
double nearest_tf32(double x) {
  if (x == 0 || std::isinf(x)) return x;
  const int exponent = std::max(std::ilogb(x), -126);
  const double rounded = std::ldexp(std::round(std::ldexp(x, 10 - exponent)), exponent - 10);
  const double infinite = std::numeric_limits<double>::infinity();
  return std::abs(rounded) >= std::ldexp(1.0, 128) ? std::copysign(infinite, x) : rounded;
}

TEST(Tf32Rounding, IsToNearestAndAwayFromZeroInTies) {
  const auto expect = [](std::uint32_t bits) {
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const auto x = std::bit_cast<float>(bits | sign);
      const float is = to_tf32(x).value;
      EXPECT_EQ(static_cast<double>(is), nearest_tf32(static_cast<double>(x)))
          << std::hex << (bits | sign);
      EXPECT_EQ(std::signbit(is), sign != 0);
    }
  };
  std::mt19937 random(1);
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent)  // 0: zero and denormals
    for (const std::uint32_t kept : {0U, 1U, 0x155U, 0x3FEU, 0x3FFU}) {
      const std::uint32_t bits = exponent << 23 | kept << 13;
      for (const std::uint32_t dropped : {0U, 1U, 0xFFFU, 0x1000U, 0x1001U, 0x1FFFU})
        expect(bits | dropped);
      expect(bits | static_cast<std::uint32_t>(random() % 0x2000));
    }
  expect(0x7F800000);  // infinite
}

TEST(Tf32Rounding, KeepsQuietNaNs) {
  for (const std::uint32_t bits : {0x7FC00000U, 0x7FFFFFFFU, 0xFFC00001U, 0xFFFFDEADU})
    EXPECT_TRUE(std::isnan(to_tf32(std::bit_cast<float>(bits)).value)) << std::hex << bits;
}

/// Where a lane's registers lie, as CUTLASS's layouts of SM80_16x8x8_F32TF32TF32F32_TN have it: a
/// coordinate of (lane % 4, lane / 4, register % 2, register / 2) times strides, in a matrix whose
/// first axis, m or n, is contiguous.
struct Layout {
  int in_group, group, low, high, first_axis;
  std::pair<int, int> at(int lane, int r) const {
    const int i = lane % 4 * in_group + lane / 4 * group + r % 2 * low + r / 2 * high;
    return {i % first_axis, i / first_axis};
  }
};
constexpr Layout a_layout{16, 1, 8, 64, 16};  // (m, k)
constexpr Layout b_layout{8, 1, 32, 0, 8};    // (n, k)
constexpr Layout c_layout{32, 1, 16, 8, 16};  // (m, n)

constexpr int rows = 2, columns = 3;  // products in a lane's hands
constexpr int a_values = rows * 4, b_values = columns * 2, c_values = rows * columns * 4;

/// Each lane's registers follow the lane's before it.
__global__ void multiply(const float* a, const float* b, float* c) {
  const auto lane = threadIdx.x;
  Tf32 of_a[rows][4], of_b[columns][2];
  float of_c[rows][columns][4];
  for (int i = 0; i < a_values; ++i) of_a[i / 4][i % 4] = {a[lane * a_values + i]};
  for (int i = 0; i < b_values; ++i) of_b[i / 2][i % 2] = {b[lane * b_values + i]};
  float* const all_c = &of_c[0][0][0];
  for (int i = 0; i < c_values; ++i) all_c[i] = c[lane * c_values + i];
  add_products(of_c, of_a, of_b);
  for (int i = 0; i < c_values; ++i) c[lane * c_values + i] = all_c[i];
}

class TensorCore : public MachineTest {
 protected:
  static constexpr std::size_t m = 16 * rows, n = 8 * columns, k = 8;
  std::vector<float> a = std::vector<float>(m * k), b = std::vector<float>(k * n),
                     c = std::vector<float>(m * n);

  /// c += a * b on the machine.
  std::vector<float> product() {
    std::vector<float> fragments_a(32 * a_values), fragments_b(32 * b_values),
        fragments_c(32 * c_values);
    for_registers(
        [&](std::size_t lane, std::size_t i, int r) {
          const auto [row, column] = a_layout.at(static_cast<int>(lane), r);
          fragments_a[lane * a_values + 4 * i + static_cast<std::size_t>(r)] =
              a[(16 * i + static_cast<std::size_t>(row)) * k + static_cast<std::size_t>(column)];
        },
        rows, 4);
    for_registers(
        [&](std::size_t lane, std::size_t j, int r) {
          const auto [column, row] = b_layout.at(static_cast<int>(lane), r);
          fragments_b[lane * b_values + 2 * j + static_cast<std::size_t>(r)] =
              b[static_cast<std::size_t>(row) * n + 8 * j + static_cast<std::size_t>(column)];
        },
        columns, 2);
    const auto for_c = [&](const auto& f) {
      for_registers(
          [&](std::size_t lane, std::size_t tile, int r) {
            const auto [row, column] = c_layout.at(static_cast<int>(lane), r);
            f(fragments_c[lane * c_values + 4 * tile + static_cast<std::size_t>(r)],
              (16 * (tile / columns) + static_cast<std::size_t>(row)) * n + 8 * (tile % columns) +
                  static_cast<std::size_t>(column));
          },
          rows * columns, 4);
    };
    for_c([&](float& fragment, std::size_t at) { fragment = c[at]; });
    float* const out = to_device(fragments_c);
    EXPECT_EQ(failure_of(multiply, 1, 32, to_device(fragments_a), to_device(fragments_b), out), "");
    fragments_c = to_host(out, fragments_c.size());
    std::vector<float> sum(m * n, NAN);
    for_c([&](float& fragment, std::size_t at) { sum[at] = fragment; });
    return sum;
  }

 private:
  template <class F>
  static void for_registers(const F& f, std::size_t tiles, int registers) {
    for (std::size_t lane = 0; lane < 32; ++lane)
      for (std::size_t tile = 0; tile < tiles; ++tile)
        for (int r = 0; r < registers; ++r) f(lane, tile, r);
  }
};

TEST_F(TensorCore, MultipliesAsNestedLoopsDo) {
  std::mt19937 random(2);
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    for (std::vector<float>* values : {&a, &b, &c})
      for (float& x : *values) x = static_cast<float>(static_cast<int>(random() % 101) - 50);
    std::vector<float> wanted = c;  // whole numbers: exact in every order
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t l = 0; l < k; ++l) wanted[i * n + j] += a[i * k + l] * b[l * n + j];
    EXPECT_EQ(product(), wanted);
  }
}

TEST_F(TensorCore, AddsInTheOrderOfKAndRoundsEachSum) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (std::vector<float>* values : {&a, &b})
    for (float& x : *values) x = to_tf32(normal(random)).value;
  for (float& x : c) x = normal(random);
  std::vector<float> wanted = c;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t l = 0; l < k; ++l)  // the product is exact
        wanted[i * n + j] = static_cast<float>(static_cast<double>(wanted[i * n + j]) +
                                               static_cast<double>(a[i * k + l]) *
                                                   static_cast<double>(b[l * n + j]));
  EXPECT_EQ(product(), wanted);
}

__global__ void multiply_without_lane(unsigned missing) {
  Tf32 a[1][4] = {}, b[1][2] = {};
  float c[1][1][4] = {};
  if (threadIdx.x != missing) add_products(c, a, b);
}

TEST_F(TensorCore, NeedsTheWholeWarp) {
  for (const Settings& settings : all_orders()) {
    set_settings(settings);
    const std::string said = failure_of(multiply_without_lane, 1, 64, 37U);
    EXPECT_NE(said.find("waits in mma.sync"), std::string::npos) << said;
    EXPECT_NE(said.find("thread (37,0,0), which has returned"), std::string::npos) << said;
    forget_failure();
    EXPECT_EQ(failure_of(multiply_without_lane, 1, 64, 64U), "");
    const std::string half = failure_of(multiply_without_lane, 1, 16, 64U);
    EXPECT_NE(half.find("names lane 16 in mma.sync"), std::string::npos) << half;
    forget_failure();
  }
}

}  // namespace
}  // namespace simt_test
