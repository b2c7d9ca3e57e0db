// Memory is walked in segments: a row where the bias differs by channel, else a sample or a block.
// Segments are dealt out in chunks whose bounds do not depend on the number of threads, so neither
// do the bits of the bias gradient.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/epilogue.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "backend/cpu/epilogue-inl.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/vectors-inl.h"

#ifndef DCGAN_EPILOGUE_CHUNK
#define DCGAN_EPILOGUE_CHUNK
namespace dcgan::cpu {

/// One chunk of segments; the same for both directions.
struct EpilogueChunk {
  Epilogue epilogue;
  std::int64_t first_segment, last_segment, segment;  // segment: its length in floats
  const float* bias;  // per position in a segment, or one value, or null
  bool bias_per_position;
  const std::uint8_t* keep;  // null: no dropout
  const float* y;            // backward only
  const float* sample_scale;
  std::int64_t sample_size;
  float* data;      // y forward, dy backward
  float* bias_sum;  // backward: partial sums of this chunk, or null
};

}  // namespace dcgan::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

template <Activation activation>
HWY_INLINE V derivative(D d, V y, V slope, V unscale) {
  const V one = hn::Set(d, 1.0F);
  if constexpr (activation == Activation::leaky_relu)
    return hn::IfThenElse(hn::Gt(y, hn::Zero(d)), one, slope);
  if constexpr (activation == Activation::tanh) {
    const V t = hn::Mul(y, unscale);
    return hn::NegMulAdd(t, t, one);
  }
  return one;
}

template <Activation activation>
void forward_chunk(const EpilogueChunk& c) {
  for (std::int64_t s = c.first_segment; s < c.last_segment; ++s)
    finish<activation>(c.epilogue, c.bias, c.bias_per_position,
                       c.keep ? c.keep + s * c.segment : nullptr, c.segment,
                       c.data + s * c.segment);
}

template <Activation activation>
void backward_chunk(const EpilogueChunk& c) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V slope = hn::Set(d, c.epilogue.slope), keep_scale = hn::Set(d, c.epilogue.keep_scale());
  const V unscale = hn::Set(d, c.keep ? 1.0F / c.epilogue.keep_scale() : 1.0F);
  for (std::int64_t s = c.first_segment; s < c.last_segment; ++s) {
    const std::int64_t offset = s * c.segment;
    const float scale = c.sample_scale ? c.sample_scale[offset / c.sample_size] : 1.0F;
    V sum = hn::Zero(d);
    for (std::int64_t i = 0; i < c.segment; i += lanes) {
      const std::int64_t n = c.segment - i;
      V g = load_first(d, c.data + offset + i, n);
      if (c.sample_scale) g = hn::Mul(g, hn::Set(d, scale));
      if constexpr (activation != Activation::none)
        g = hn::Mul(g,
                    derivative<activation>(d, load_first(d, c.y + offset + i, n), slope, unscale));
      if (c.keep)
        g = hn::IfThenElseZero(load_keep(d, c.keep + offset + i, n), hn::Mul(g, keep_scale));
      store_first(d, g, c.data + offset + i, n);
      if (!c.bias_sum) continue;
      if (c.bias_per_position)
        store_first(d, hn::Add(load_first(d, c.bias_sum + i, n), g), c.bias_sum + i, n);
      else
        sum = hn::Add(sum, g);  // lanes beyond the end hold zeros: loads there give zero
    }
    if (c.bias_sum && !c.bias_per_position) *c.bias_sum += hn::GetLane(hn::SumOfLanes(d, sum));
  }
}

void ForwardChunk(const EpilogueChunk& c) {
  with_activation(c.epilogue.activation, [&](auto a) HWY_ATTR { forward_chunk<a>(c); });
}

void BackwardChunk(const EpilogueChunk& c) {
  with_activation(c.epilogue.activation, [&](auto a) HWY_ATTR { backward_chunk<a>(c); });
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(ForwardChunk);
HWY_EXPORT(BackwardChunk);

constexpr std::int64_t max_chunks = 64;

/// How the walk is cut: `segments` of `segment` floats, dealt out in `chunks`.
struct Walk {
  std::int64_t segment, segments, chunks;
};

Walk plan_walk(std::int64_t rows, std::int64_t channels, bool by_row, std::int64_t sample_size) {
  const std::int64_t total = rows * channels;
  constexpr std::int64_t block = 4096;
  std::int64_t segment = channels;
  if (!by_row && sample_size > 0)
    segment = sample_size;
  else if (!by_row && total % block == 0)
    segment = block;
  const std::int64_t segments = total / segment;
  return {segment, segments, std::min(max_chunks, segments)};
}

}  // namespace

void epilogue_forward(const EpilogueForward& c) {
  const bool by_row = c.epilogue.bias && c.channels > 1;
  const Walk walk = plan_walk(c.rows, c.channels, by_row, 0);
  EpilogueChunk all{};
  all.epilogue = c.epilogue;
  all.segment = walk.segment;
  all.bias = c.epilogue.bias ? c.bias : nullptr;
  all.bias_per_position = by_row;
  all.keep = c.epilogue.dropout_rate > 0 ? c.keep : nullptr;
  all.data = c.y;
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < walk.chunks; ++i) {
    EpilogueChunk chunk = all;
    chunk.first_segment = walk.segments * i / walk.chunks;
    chunk.last_segment = walk.segments * (i + 1) / walk.chunks;
    HWY_DYNAMIC_DISPATCH(ForwardChunk)(chunk);
  }
}

std::size_t epilogue_scratch_floats(std::int64_t, std::int64_t channels) {
  return static_cast<std::size_t>(max_chunks * channels);
}

void epilogue_backward(const EpilogueBackward& c, float* scratch) {
  const bool by_row = c.dbias && c.channels > 1;
  const Walk walk = plan_walk(c.rows, c.channels, by_row, c.sample_scale ? c.sample_size : 0);
  EpilogueChunk all{};
  all.epilogue = c.epilogue;
  all.segment = walk.segment;
  all.bias_per_position = by_row;
  all.keep = c.epilogue.dropout_rate > 0 ? c.keep : nullptr;
  all.y = c.y;
  all.sample_scale = c.sample_scale;
  all.sample_size = c.sample_size;
  all.data = c.dy;
  if (c.dbias) std::fill_n(scratch, walk.chunks * c.channels, 0.0F);
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < walk.chunks; ++i) {
    EpilogueChunk chunk = all;
    chunk.first_segment = walk.segments * i / walk.chunks;
    chunk.last_segment = walk.segments * (i + 1) / walk.chunks;
    chunk.bias_sum = c.dbias ? scratch + i * c.channels : nullptr;
    HWY_DYNAMIC_DISPATCH(BackwardChunk)(chunk);
  }
  if (!c.dbias) return;
  for (std::int64_t channel = 0; channel < c.channels; ++channel) {
    double sum = 0;
    for (std::int64_t i = 0; i < walk.chunks; ++i)
      sum += static_cast<double>(scratch[i * c.channels + channel]);
    c.dbias[channel] = static_cast<float>(sum);
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
