// The matrix [rows, channels] is walked in tiles of fixed size. Sums are taken per tile in float
// and over tiles in double, in one order, so that bits do not depend on the number of threads.
// Statistics are sums of x - x[0], which no large mean can cancel.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/batch_norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "backend/cpu/batch_norm.h"

#ifndef DCGAN_BATCH_NORM_TILE
#define DCGAN_BATCH_NORM_TILE
namespace dcgan::cpu {

/// Rows [row0, row1) of channels [channel0, channel1), and what the kernels read and write there.
struct BatchNormTile {
  std::int64_t row0, row1, channel0, channel1, channels;
  bool leaky;
  float slope;
  const float *x, *y, *dy;        // [rows, channels]
  const float *mean, *inv_std;    // [channels]; for sums of x: mean is the shift
  const float *scale, *beta;      // gamma * inv_std, beta
  const float *mean_g, *mean_gx;  // means of g and g * normalised x over the rows
  float* out;                     // y or dx
  float *sum1, *sum2;             // [channels], of this tile's rows
};

}  // namespace dcgan::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Calls f(tag, channel) for vectors of channels: full ones, then one by one.
template <class F>
HWY_INLINE void over_channels(const BatchNormTile& t, F f) {
  const hn::ScalableTag<float> wide;
  const hn::CappedTag<float, 1> one;
  std::int64_t c = t.channel0;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(wide));
  for (; c + lanes <= t.channel1; c += lanes) f(wide, c);
  for (; c < t.channel1; ++c) f(one, c);
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* p, std::int64_t i) {
  return hn::LoadU(d, p + i);
}

/// dy through the derivative of the activation.
template <class D>
HWY_INLINE hn::Vec<D> activation_gradient(D d, const BatchNormTile& t, std::int64_t at) {
  const auto g = load(d, t.dy, at);
  if (!t.leaky) return g;
  return hn::IfThenElse(hn::Gt(load(d, t.y, at), hn::Zero(d)), g, hn::Mul(g, hn::Set(d, t.slope)));
}

void SumTile(const BatchNormTile& t) {
  over_channels(t, [&](auto d, std::int64_t c) HWY_ATTR {
    const auto shift = load(d, t.mean, c);
    auto sum = hn::Zero(d), squares = hn::Zero(d);
    for (std::int64_t r = t.row0; r < t.row1; ++r) {
      const auto v = hn::Sub(load(d, t.x, r * t.channels + c), shift);
      sum = hn::Add(sum, v);
      squares = hn::MulAdd(v, v, squares);
    }
    hn::StoreU(sum, d, t.sum1 + c);
    hn::StoreU(squares, d, t.sum2 + c);
  });
}

void NormaliseTile(const BatchNormTile& t) {
  over_channels(t, [&](auto d, std::int64_t c) HWY_ATTR {
    const auto mean = load(d, t.mean, c), scale = load(d, t.scale, c), beta = load(d, t.beta, c);
    const auto slope = hn::Set(d, t.leaky ? t.slope : 1.0F);
    for (std::int64_t r = t.row0; r < t.row1; ++r) {
      const std::int64_t at = r * t.channels + c;
      const auto v = hn::MulAdd(hn::Sub(load(d, t.x, at), mean), scale, beta);
      hn::StoreU(hn::IfThenElse(hn::Gt(v, hn::Zero(d)), v, hn::Mul(v, slope)), d, t.out + at);
    }
  });
}

void GradientSumTile(const BatchNormTile& t) {
  over_channels(t, [&](auto d, std::int64_t c) HWY_ATTR {
    const auto mean = load(d, t.mean, c), inv_std = load(d, t.inv_std, c);
    auto sum = hn::Zero(d), sum_x = hn::Zero(d);
    for (std::int64_t r = t.row0; r < t.row1; ++r) {
      const std::int64_t at = r * t.channels + c;
      const auto g = activation_gradient(d, t, at);
      sum = hn::Add(sum, g);
      sum_x = hn::MulAdd(g, hn::Mul(hn::Sub(load(d, t.x, at), mean), inv_std), sum_x);
    }
    hn::StoreU(sum, d, t.sum1 + c);
    hn::StoreU(sum_x, d, t.sum2 + c);
  });
}

void GradientTile(const BatchNormTile& t) {
  over_channels(t, [&](auto d, std::int64_t c) HWY_ATTR {
    const auto mean = load(d, t.mean, c), inv_std = load(d, t.inv_std, c);
    const auto scale = load(d, t.scale, c);
    const auto mean_g = load(d, t.mean_g, c), mean_gx = load(d, t.mean_gx, c);
    for (std::int64_t r = t.row0; r < t.row1; ++r) {
      const std::int64_t at = r * t.channels + c;
      const auto normalised = hn::Mul(hn::Sub(load(d, t.x, at), mean), inv_std);
      const auto centred = hn::Sub(activation_gradient(d, t, at), mean_g);
      hn::StoreU(hn::Mul(scale, hn::NegMulAdd(normalised, mean_gx, centred)), d, t.out + at);
    }
  });
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(SumTile);
HWY_EXPORT(NormaliseTile);
HWY_EXPORT(GradientSumTile);
HWY_EXPORT(GradientTile);

constexpr std::int64_t tile_rows = 128, tile_channels = 64;

class BatchNorm final : public BatchNormOp {
 public:
  explicit BatchNorm(const BatchNormShape& shape)
      : shape_(shape),
        row_tiles_((shape.rows + tile_rows - 1) / tile_rows),
        partial1_(static_cast<std::size_t>(row_tiles_ * shape.channels)),
        partial2_(partial1_.size()),
        scale_(static_cast<std::size_t>(shape.channels)),
        mean_g_(scale_.size()),
        mean_gx_(scale_.size()) {}

  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    BatchNormTile all = whole();
    all.x = x;
    all.mean = x;  // the first row shifts each channel
    over_tiles(all, [](const BatchNormTile& t) { HWY_DYNAMIC_DISPATCH(SumTile)(t); });
    const auto rows = static_cast<double>(shape_.rows);
    const double keep = static_cast<double>(shape_.momentum);
    for (std::int64_t c = 0; c < shape_.channels; ++c) {
      const double shifted_mean = total(partial1_, c) / rows;
      const double variance =
          std::max(total(partial2_, c) / rows - shifted_mean * shifted_mean, 0.0);
      const double m = static_cast<double>(x[c]) + shifted_mean;
      const double is = 1 / std::sqrt(variance + static_cast<double>(shape_.epsilon));
      mean[c] = static_cast<float>(m);
      inv_std[c] = static_cast<float>(is);
      scale_[static_cast<std::size_t>(c)] =
          static_cast<float>(static_cast<double>(p.gamma[c]) * is);
      const auto blend = [&](float& moving, double batch) {
        moving = static_cast<float>(static_cast<double>(moving) * keep + batch * (1 - keep));
      };
      blend(p.moving_mean[c], m);
      blend(p.moving_variance[c], variance);
    }
    normalise(x, mean, p.beta, y);
  }

  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    for (std::int64_t c = 0; c < shape_.channels; ++c)
      scale_[static_cast<std::size_t>(c)] =
          p.gamma[c] / std::sqrt(p.moving_variance[c] + shape_.epsilon);
    normalise(x, p.moving_mean, p.beta, y);
  }

  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    BatchNormTile all = whole();
    all.x = x;
    all.y = y;
    all.dy = dy;
    all.mean = mean;
    all.inv_std = inv_std;
    over_tiles(all, [](const BatchNormTile& t) { HWY_DYNAMIC_DISPATCH(GradientSumTile)(t); });
    const auto rows = static_cast<double>(shape_.rows);
    for (std::int64_t c = 0; c < shape_.channels; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double sum = total(partial1_, c), sum_x = total(partial2_, c);
      dbeta[c] = static_cast<float>(sum);
      dgamma[c] = static_cast<float>(sum_x);
      mean_g_[i] = static_cast<float>(sum / rows);
      mean_gx_[i] = static_cast<float>(sum_x / rows);
      scale_[i] = p.gamma[c] * inv_std[c];
    }
    all.scale = scale_.data();
    all.mean_g = mean_g_.data();
    all.mean_gx = mean_gx_.data();
    all.out = dx;
    over_tiles(all, [](const BatchNormTile& t) { HWY_DYNAMIC_DISPATCH(GradientTile)(t); });
  }

 private:
  /// The matrix, without its operands.
  BatchNormTile whole() const {
    BatchNormTile all{};
    all.channels = shape_.channels;
    all.leaky = shape_.activation == Activation::leaky_relu;
    all.slope = shape_.slope;
    return all;
  }

  /// Runs `kernel` on every tile of the matrix, on all cores.
  template <class Kernel>
  void over_tiles(const BatchNormTile& all, Kernel kernel) {
    const std::int64_t channel_tiles = (shape_.channels + tile_channels - 1) / tile_channels;
#pragma omp parallel for collapse(2) schedule(static)
    for (std::int64_t r = 0; r < row_tiles_; ++r)
      for (std::int64_t c = 0; c < channel_tiles; ++c) {
        BatchNormTile tile = all;
        tile.row0 = r * tile_rows;
        tile.row1 = std::min(shape_.rows, tile.row0 + tile_rows);
        tile.channel0 = c * tile_channels;
        tile.channel1 = std::min(shape_.channels, tile.channel0 + tile_channels);
        tile.sum1 = partial1_.data() + r * shape_.channels;
        tile.sum2 = partial2_.data() + r * shape_.channels;
        kernel(tile);
      }
  }

  /// Adds up the tiles' sums of one channel in double.
  double total(const std::vector<float>& partial, std::int64_t channel) const {
    double sum = 0;
    for (std::int64_t r = 0; r < row_tiles_; ++r)
      sum += static_cast<double>(partial[static_cast<std::size_t>(r * shape_.channels + channel)]);
    return sum;
  }

  void normalise(const float* x, const float* mean, const float* beta, float* y) {
    BatchNormTile all = whole();
    all.x = x;
    all.mean = mean;
    all.scale = scale_.data();
    all.beta = beta;
    all.out = y;
    over_tiles(all, [](const BatchNormTile& t) { HWY_DYNAMIC_DISPATCH(NormaliseTile)(t); });
  }

  BatchNormShape shape_;
  std::int64_t row_tiles_;
  std::vector<float> partial1_, partial2_;       // [row_tiles, channels]
  std::vector<float> scale_, mean_g_, mean_gx_;  // [channels]
};

}  // namespace

std::unique_ptr<BatchNormOp> make_batch_norm(const BatchNormShape& shape) {
  return std::make_unique<BatchNorm>(shape);
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
