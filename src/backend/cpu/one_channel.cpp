// One sample at a time. Its one-channel image is laid out with its padding on the stack, so that no
// kernel looks for edges; p below is that padded image, k the kernel's size, s the stride.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/one_channel.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "backend/cpu/memory.h"
#include "backend/cpu/one_channel.h"
#include "backend/cpu/vectors-inl.h"

#ifndef DCGAN_ONE_CHANNEL_SHAPE
#define DCGAN_ONE_CHANNEL_SHAPE
namespace dcgan::cpu {

struct OneChannelShape {
  std::int64_t height, width, out_height, out_width, channels, kernel, stride, pad_rows,
      pad_columns;
  std::int64_t padded_width() const { return (out_width - 1) * stride + kernel; }
  std::int64_t padded_height() const { return (out_height - 1) * stride + kernel; }
};

constexpr std::int64_t most_padded_floats = 8192, most_taps = 32, most_kernel = 5;

inline void pad(const OneChannelShape& s, const float* image, float* padded) {
  std::fill_n(padded, s.padded_width() * s.padded_height(), 0.0F);
  for (std::int64_t row = 0; row < s.height; ++row)
    std::copy_n(image + row * s.width, s.width,
                padded + (row + s.pad_rows) * s.padded_width() + s.pad_columns);
}

}  // namespace dcgan::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

// ---- 1 -> C: y[o][c] = sum over taps of p[s o + tap] w[tap][c]

/// P pixels of a row times N vectors of channels stay in registers.
template <int P, int N>
HWY_INLINE void expand_block(const OneChannelShape& s, const float* padded, const float* kernel,
                             std::int64_t channel, float* y) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  V sum[P][N];
  HWY_UNROLL(8)
  for (int p = 0; p < P; ++p) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n) sum[p][n] = hn::Zero(d);
  const std::int64_t left = s.channels - channel;
  for (std::int64_t row = 0; row < s.kernel; ++row)
    for (std::int64_t column = 0; column < s.kernel; ++column) {
      const float* w = kernel + (row * s.kernel + column) * s.channels + channel;
      const float* x = padded + row * s.padded_width() + column;
      V weights[N];
      HWY_UNROLL(8)
      for (int n = 0; n < N; ++n) weights[n] = load_first(d, w + n * lanes, left - n * lanes);
      HWY_UNROLL(8)
      for (int p = 0; p < P; ++p) {
        const V pixel = hn::Set(d, x[p * s.stride]);
        HWY_UNROLL(8)
        for (int n = 0; n < N; ++n) sum[p][n] = hn::MulAdd(pixel, weights[n], sum[p][n]);
      }
    }
  HWY_UNROLL(8)
  for (int p = 0; p < P; ++p) HWY_UNROLL(8)
  for (int n = 0; n < N; ++n)
    store_first(d, sum[p][n], y + p * s.channels + channel + n * lanes, left - n * lanes);
}

template <int P>
HWY_INLINE void expand_pixels(const OneChannelShape& s, std::int64_t pixels, const float* padded,
                              const float* kernel, float* y) {
  if (pixels < P) {
    if constexpr (P > 1) expand_pixels<P - 1>(s, pixels, padded, kernel, y);
    return;
  }
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t c = 0;
  for (; c + lanes < s.channels; c += 2 * lanes) expand_block<P, 2>(s, padded, kernel, c, y);
  for (; c < s.channels; c += lanes) expand_block<P, 1>(s, padded, kernel, c, y);
}

void Expand(const OneChannelShape& s, const float* image, const float* kernel, float* y) {
  constexpr int at_once = registers == 32 ? 7 : 5;
  HWY_ALIGN float padded[most_padded_floats];
  pad(s, image, padded);
  for (std::int64_t row = 0; row < s.out_height; ++row)
    for (std::int64_t column = 0; column < s.out_width; column += at_once)
      expand_pixels<at_once>(s, std::min<std::int64_t>(at_once, s.out_width - column),
                             padded + (row * s.padded_width() + column) * s.stride, kernel,
                             y + (row * s.out_width + column) * s.channels);
}

// ---- C -> 1, the adjoint: z[o][tap] = sum over c of y[o][c] w[c][tap], added to p[s o + tap]

/// z of P pixels; `kernel` is [c][most_taps].
template <int P>
HWY_INLINE void tap_products(const OneChannelShape& s, const float* y, const float* kernel,
                             float* z) {
  const D d;
  constexpr int lanes = static_cast<int>(hn::MaxLanes(D()));
  // A quarter of the registers' worth of taps at a time.
  constexpr int vectors = std::min<int>(most_taps / lanes, registers == 32 ? 2 : 4);
  for (std::int64_t tap = 0; tap < most_taps; tap += vectors * lanes) {
    V sum[P][vectors];
    HWY_UNROLL(8)
    for (int p = 0; p < P; ++p) HWY_UNROLL(8)
    for (int n = 0; n < vectors; ++n) sum[p][n] = hn::Zero(d);
    for (std::int64_t c = 0; c < s.channels; ++c) {
      V weights[vectors];
      HWY_UNROLL(8)
      for (int n = 0; n < vectors; ++n)
        weights[n] = hn::Load(d, kernel + c * most_taps + tap + n * lanes);
      HWY_UNROLL(8)
      for (int p = 0; p < P; ++p) {
        const V value = hn::Set(d, y[p * s.channels + c]);
        HWY_UNROLL(8)
        for (int n = 0; n < vectors; ++n) sum[p][n] = hn::MulAdd(value, weights[n], sum[p][n]);
      }
    }
    HWY_UNROLL(8)
    for (int p = 0; p < P; ++p) HWY_UNROLL(8)
    for (int n = 0; n < vectors; ++n) hn::Store(sum[p][n], d, z + p * most_taps + tap + n * lanes);
  }
}

template <int P>
HWY_INLINE void tap_products_of(std::int64_t pixels, const OneChannelShape& s, const float* y,
                                const float* kernel, float* z) {
  if (pixels == P) return tap_products<P>(s, y, kernel, z);
  if constexpr (P > 1) tap_products_of<P - 1>(pixels, s, y, kernel, z);
}

void Reduce(const OneChannelShape& s, const float* y, const float* kernel, float* image) {
  constexpr int at_once = registers == 32 ? 7 : 3;
  const hn::CappedTag<float, 8> row_tag;  // a row of taps, if need be in parts
  const auto row_lanes = static_cast<std::int64_t>(hn::Lanes(row_tag));
  HWY_ALIGN float padded[most_padded_floats + 8];  // a whole vector may be written behind a row
  HWY_ALIGN float z[at_once * most_taps + 8];
  std::fill_n(padded, s.padded_width() * s.padded_height() + 8, 0.0F);
  std::fill_n(z, at_once * most_taps + 8, 0.0F);
  for (std::int64_t row = 0; row < s.out_height; ++row)
    for (std::int64_t column = 0; column < s.out_width; column += at_once) {
      const std::int64_t pixels = std::min<std::int64_t>(at_once, s.out_width - column);
      tap_products_of<at_once>(pixels, s, y + (row * s.out_width + column) * s.channels, kernel, z);
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t tap_row = 0; tap_row < s.kernel; ++tap_row) {
          float* to =
              padded + (row * s.stride + tap_row) * s.padded_width() + (column + p) * s.stride;
          const float* from = z + p * most_taps + tap_row * s.kernel;
          for (std::int64_t tap = 0; tap < s.kernel; tap += row_lanes) {
            const auto mask = hn::FirstN(row_tag, static_cast<std::size_t>(s.kernel - tap));
            const auto add = hn::IfThenElseZero(mask, hn::LoadU(row_tag, from + tap));
            hn::StoreU(hn::Add(hn::LoadU(row_tag, to + tap), add), row_tag, to + tap);
          }
        }
    }
  for (std::int64_t row = 0; row < s.height; ++row)
    std::copy_n(padded + (row + s.pad_rows) * s.padded_width() + s.pad_columns, s.width,
                image + row * s.width);
}

// ---- The kernel's gradient: dw[tap][c] += sum over o of p[s o + tap] y[o][c]

/// A row of K taps times N vectors of channels stays in registers for the whole sample.
template <int K, int N>
HWY_INLINE void gradient_block(const OneChannelShape& s, const float* padded, const float* y,
                               std::int64_t channel, float* gradient) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t left = s.channels - channel;
  for (std::int64_t row = 0; row < K; ++row) {
    V sum[K][N];
    HWY_UNROLL(8)
    for (int k = 0; k < K; ++k) HWY_UNROLL(8)
    for (int n = 0; n < N; ++n) sum[k][n] = hn::Zero(d);
    for (std::int64_t out_row = 0; out_row < s.out_height; ++out_row) {
      const float* x = padded + (out_row * s.stride + row) * s.padded_width();
      const float* from = y + out_row * s.out_width * s.channels + channel;
      for (std::int64_t column = 0; column < s.out_width; ++column) {
        V values[N];
        HWY_UNROLL(8)
        for (int n = 0; n < N; ++n)
          values[n] = load_first(d, from + column * s.channels + n * lanes, left - n * lanes);
        HWY_UNROLL(8)
        for (int k = 0; k < K; ++k) {
          const V pixel = hn::Set(d, x[column * s.stride + k]);
          HWY_UNROLL(8)
          for (int n = 0; n < N; ++n) sum[k][n] = hn::MulAdd(pixel, values[n], sum[k][n]);
        }
      }
    }
    HWY_UNROLL(8)
    for (int k = 0; k < K; ++k) HWY_UNROLL(8)
    for (int n = 0; n < N; ++n) {
      float* to = gradient + (row * K + k) * s.channels + channel + n * lanes;
      store_first(d, hn::Add(load_first(d, to, left - n * lanes), sum[k][n]), to, left - n * lanes);
    }
  }
}

template <int K>
HWY_INLINE void gradient_rows(const OneChannelShape& s, const float* padded, const float* y,
                              float* gradient) {
  if (s.kernel < K) {
    if constexpr (K > 1) gradient_rows<K - 1>(s, padded, y, gradient);
    return;
  }
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
  std::int64_t c = 0;
  for (; c + lanes < s.channels; c += 2 * lanes) gradient_block<K, 2>(s, padded, y, c, gradient);
  for (; c < s.channels; c += lanes) gradient_block<K, 1>(s, padded, y, c, gradient);
}

void AddGradient(const OneChannelShape& s, const float* image, const float* y, float* gradient) {
  HWY_ALIGN float padded[most_padded_floats];
  pad(s, image, padded);
  gradient_rows<most_kernel>(s, padded, y, gradient);
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(Expand);
HWY_EXPORT(Reduce);
HWY_EXPORT(AddGradient);

class OneChannelConvolution final : public Convolution {
 public:
  OneChannelConvolution(std::int64_t batch, const OneChannelShape& shape)
      : batch_(batch),
        shape_(shape),
        chunks_(std::min<std::int64_t>(batch, 64)),
        by_channel_(allocate_floats(shape.channels * most_taps)) {}

  void to_destination(const float* source, const float* kernel, float* destination) override {
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < batch_; ++i) HWY_DYNAMIC_DISPATCH(Expand)
    (shape_, source + i * source_size(), kernel, destination + i * destination_size());
  }

  void to_source(const float* destination, const float* kernel, float* source) override {
    for (std::int64_t tap = 0; tap < taps(); ++tap)
      for (std::int64_t c = 0; c < shape_.channels; ++c)
        by_channel_.f32()[c * most_taps + tap] = kernel[tap * shape_.channels + c];
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < batch_; ++i) HWY_DYNAMIC_DISPATCH(Reduce)
    (shape_, destination + i * destination_size(), by_channel_.f32(), source + i * source_size());
  }

  // Each chunk of samples has a sum of its own; the chunks do not depend on the number of threads.
  void kernel_gradient(const float* source, const float* destination, float* gradient) override {
    const std::int64_t size = taps() * shape_.channels;
    if (!partial_.f32()) partial_ = allocate_floats(chunks_ * size);
#pragma omp parallel for schedule(static)
    for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) {
      float* sum = partial_.f32() + chunk * size;
      std::fill_n(sum, size, 0.0F);
      for (std::int64_t i = batch_ * chunk / chunks_; i < batch_ * (chunk + 1) / chunks_; ++i)
        HWY_DYNAMIC_DISPATCH(AddGradient)
      (shape_, source + i * source_size(), destination + i * destination_size(), sum);
    }
    for (std::int64_t e = 0; e < size; ++e) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < chunks_; ++chunk)
        sum += static_cast<double>(partial_.f32()[chunk * size + e]);
      gradient[e] = static_cast<float>(sum);
    }
  }

 private:
  std::int64_t taps() const { return shape_.kernel * shape_.kernel; }
  std::int64_t source_size() const { return shape_.height * shape_.width; }
  std::int64_t destination_size() const {
    return shape_.out_height * shape_.out_width * shape_.channels;
  }

  std::int64_t batch_;
  OneChannelShape shape_;
  std::int64_t chunks_;
  Buffer by_channel_;  // the kernel, [c][most_taps]; zeros behind the taps
  Buffer partial_;     // [chunks][taps][c], had when first wanted
};

}  // namespace

std::unique_ptr<Convolution> make_one_channel_convolution(const ConvShape& s) {
  const OneChannelShape shape{s.height, s.width,  s.out_height(), s.out_width(), s.out,
                              s.kernel, s.stride, s.pad_top(),    s.pad_left()};
  const bool covered = s.in == 1 && s.kernel <= most_kernel && s.kernel >= s.stride &&
                       shape.padded_width() * shape.padded_height() <= most_padded_floats;
  if (!covered) return nullptr;
  return std::make_unique<OneChannelConvolution>(s.batch, shape);
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
