// Images and kernels to spectra and back: one sample or one row of the kernel per task.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/dft_transform.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "backend/cpu/dft_transform-inl.h"
#include "backend/cpu/dft_transform.h"
#include "backend/cpu/vectors-inl.h"

#ifndef DCGAN_DFT_TASKS
#define DCGAN_DFT_TASKS
namespace dcgan::cpu {

/// One sample of an image.
struct DftSampleTask {
  const DftGeometry& geometry;
  const DftTable& table;
  const DftImage& image;
  std::int64_t sample;
};

/// Row `row` of each tap's matrix [rows, columns], for one phase.
struct DftTapsTask {
  const DftGeometry& geometry;
  const DftTable& table;
  const SpectrumLayout& layout;
  std::int64_t rows, columns, row, phase;
  bool adjoint;  // rows are the convolution's outputs, columns its inputs
};

/// The inverse transform's factor: a complex frequency stands for itself and its negative.
inline float inverse_factor(const DftGeometry& g, std::size_t f) {
  return static_cast<float>(g.frequencies[f].planes) / static_cast<float>(g.length * g.length);
}

}  // namespace dcgan::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

/// Calls f(phase, channel, pixel): `pixel(row, column)` is where that channel of the phase's window
/// lies in the image, or null outside it.
template <class F>
HWY_INLINE void over_windows(const DftSampleTask& t, F f) {
  const DftImage& image = t.image;
  const D d;
  const std::int64_t stride = image.stride, width = image.width, channels = image.channels;
  for (std::int64_t phase = 0; phase < stride * stride; ++phase) {
    const std::int64_t row0 = phase / stride, column0 = phase % stride;
    const std::int64_t rows = (image.height - row0 + stride - 1) / stride;
    const std::int64_t columns = (width - column0 + stride - 1) / stride;
    const std::int64_t origin = ((t.sample * image.height + row0) * width + column0) * channels;
    for (std::int64_t c = 0; c < image.padded_channels;
         c += static_cast<std::int64_t>(hn::Lanes(d)))
      f(phase, c, [=](int row, int column) HWY_ATTR -> std::int64_t {
        if (row >= rows || column >= columns) return -1;
        return origin + (row * width + column) * stride * channels + c;
      });
  }
}

template <int J>
void analyse_image(const DftSampleTask& t, const float* x, float* spectrum) {
  const D d;
  const SpectrumLayout& layout = t.image.layout;
  over_windows(t, [&](std::int64_t phase, std::int64_t c, auto pixel) HWY_ATTR {
    const std::int64_t in_row = phase * t.image.padded_channels + c;
    const auto fetch = [&](int row, int column) HWY_ATTR {
      const std::int64_t at = pixel(row, column);
      return at < 0 ? hn::Zero(d) : load_first(d, x + at, t.image.channels - c);
    };
    const auto put = [&](int f, V real, V imaginary) HWY_ATTR {
      const int planes = t.geometry.frequencies[f].planes;
      float* out = spectrum + layout.first[f] + t.sample * planes * layout.row + in_row;
      hn::Store(real, d, out);
      if (planes == 2) hn::Store(imaginary, d, out + layout.row);
    };
    analyse_window<J>(d, t.table, fetch, put);
  });
}

template <int J>
void synthesise_image(const DftSampleTask& t, const float* spectrum, float* x) {
  const D d;
  const SpectrumLayout& layout = t.image.layout;
  over_windows(t, [&](std::int64_t phase, std::int64_t c, auto pixel) HWY_ATTR {
    const std::int64_t in_row = phase * t.image.padded_channels + c;
    const auto get = [&](int f, V& real, V& imaginary) HWY_ATTR {
      const int planes = t.geometry.frequencies[f].planes;
      const float* in = spectrum + layout.first[f] + t.sample * planes * layout.row + in_row;
      real = hn::Load(d, in);
      imaginary = planes == 2 ? hn::Load(d, in + layout.row) : hn::Zero(d);
    };
    const auto store = [&](int row, int column, V v) HWY_ATTR {
      const std::int64_t at = pixel(row, column);
      if (at >= 0) store_first(d, v, x + at, t.image.channels - c);
    };
    synthesise_window<J>(d, t.table, get, store);
  });
}

/// Calls f(column, tap): `tap(row, column)` is the index of w_phase[j] of dft_geometry.h for the
/// window's place (j + T, j' + T), or -1 where the kernel has none.
template <class F>
HWY_INLINE void over_taps(const DftTapsTask& t, F f) {
  const DftGeometry& g = t.geometry;
  const D d;
  const std::int64_t stride = g.shape.stride, kernel = g.shape.kernel;
  const std::int64_t row0 = t.phase / stride + g.pad_rows - stride * g.half_taps;
  const std::int64_t column0 = t.phase % stride + g.pad_columns - stride * g.half_taps;
  const std::int64_t padded = t.adjoint ? g.in : g.out;
  for (std::int64_t c = 0; c < padded; c += static_cast<std::int64_t>(hn::Lanes(d)))
    f(c, [=, &t](int row, int column) HWY_ATTR -> std::int64_t {
      const std::int64_t tap_row = row0 + stride * row, tap_column = column0 + stride * column;
      if (tap_row < 0 || tap_row >= kernel || tap_column < 0 || tap_column >= kernel) return -1;
      return ((tap_row * kernel + tap_column) * t.rows + t.row) * t.columns + c;
    });
}

template <int J>
void analyse_taps(const DftTapsTask& t, const float* kernel, float* spectrum) {
  const D d;
  const DftGeometry& g = t.geometry;
  const std::int64_t depth = t.adjoint ? t.row : t.phase * g.in + t.row;
  over_taps(t, [&](std::int64_t c, auto tap) HWY_ATTR {
    const std::int64_t out_column = t.adjoint ? t.phase * g.in + c : c;
    const auto fetch = [&](int row, int column) HWY_ATTR {
      const std::int64_t at = t.row < t.rows ? tap(row, column) : -1;
      return at < 0 ? hn::Zero(d) : load_first(d, kernel + at, t.columns - c);
    };
    const auto put = [&](int f, V real, V imaginary) HWY_ATTR {
      const int planes = g.frequencies[f].planes;
      const float factor = inverse_factor(g, f);
      const std::int64_t panel = out_column / dft_panel;
      float* out = spectrum + t.layout.first[f] +
                   (panel * t.layout.rows + depth) * planes * dft_panel + out_column % dft_panel;
      hn::Store(hn::Mul(real, hn::Set(d, factor)), d, out);
      if (planes == 2)
        hn::Store(hn::Mul(imaginary, hn::Set(d, t.adjoint ? -factor : factor)), d, out + dft_panel);
    };
    analyse_window<J>(d, t.table, fetch, put);
  });
}

template <int J>
void synthesise_taps(const DftTapsTask& t, const float* spectrum, float* gradient) {
  const D d;
  const DftGeometry& g = t.geometry;
  over_taps(t, [&](std::int64_t c, auto tap) HWY_ATTR {
    const auto get = [&](int f, V& real, V& imaginary) HWY_ATTR {
      const int planes = g.frequencies[f].planes;
      const V factor = hn::Set(d, inverse_factor(g, f));
      const float* in =
          spectrum + t.layout.first[f] + (t.phase * g.in + t.row) * planes * t.layout.row + c;
      real = hn::Mul(hn::Load(d, in), factor);
      imaginary = planes == 2 ? hn::Mul(hn::Load(d, in + t.layout.row), factor) : hn::Zero(d);
    };
    const auto store = [&](int row, int column, V v) HWY_ATTR {
      const std::int64_t at = tap(row, column);
      if (at >= 0) store_first(d, v, gradient + at, t.columns - c);
    };
    synthesise_window<J>(d, t.table, get, store);
  });
}

/// f(std::integral_constant<int, J>()) for the table's J.
template <class F, int J = std::max(max_dft_half, max_dft_half_taps)>
HWY_INLINE void with_half(const DftTable& table, const F& f) {
  if (table.half == J) return f(std::integral_constant<int, J>());
  if constexpr (J > 1) with_half<F, J - 1>(table, f);
}

void AnalyseImage(const DftSampleTask& t, const float* x, float* spectrum) {
  with_half(t.table, [&](auto half) HWY_ATTR { analyse_image<half>(t, x, spectrum); });
}
void SynthesiseImage(const DftSampleTask& t, const float* spectrum, float* x) {
  with_half(t.table, [&](auto half) HWY_ATTR { synthesise_image<half>(t, spectrum, x); });
}
void AnalyseTaps(const DftTapsTask& t, const float* kernel, float* spectrum) {
  with_half(t.table, [&](auto half) HWY_ATTR { analyse_taps<half>(t, kernel, spectrum); });
}
void SynthesiseTaps(const DftTapsTask& t, const float* spectrum, float* gradient) {
  with_half(t.table, [&](auto half) HWY_ATTR { synthesise_taps<half>(t, spectrum, gradient); });
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(AnalyseImage);
HWY_EXPORT(SynthesiseImage);
HWY_EXPORT(AnalyseTaps);
HWY_EXPORT(SynthesiseTaps);

std::int64_t panels_of(std::int64_t columns) { return (columns + dft_panel - 1) / dft_panel; }

}  // namespace

SpectrumLayout::SpectrumLayout(const DftGeometry& g, std::int64_t rows_, std::int64_t row_)
    : rows(rows_), row(row_) {
  constexpr std::int64_t gap = 5 * 16;
  for (const DftFrequency& f : g.frequencies) {
    first.push_back(floats);
    floats += f.planes * rows * row + gap;
  }
}

DftTransforms::DftTransforms(const DftGeometry& g, std::int64_t samples)
    : geometry_(g),
      image_table_(g.length, g.half),
      kernel_table_(g.length, g.half_taps),
      source_{g.shape.height,
              g.shape.width,
              g.shape.in,
              g.in,
              static_cast<int>(g.shape.stride),
              SpectrumLayout(g, samples, g.phases * g.in)},
      destination_{g.out_height, g.out_width, g.shape.out,
                   g.out,        1,           SpectrumLayout(g, samples, g.out)},
      forward_kernel_(g, g.phases * g.in, panels_of(g.out) * dft_panel),
      backward_kernel_(g, g.out, panels_of(g.phases * g.in) * dft_panel),
      kernel_gradient_(g, g.phases * g.in, g.out) {}

void DftTransforms::analyse(const DftImage& image, std::int64_t samples, const float* x,
                            float* spectrum) const {
#pragma omp parallel for schedule(static)
  for (std::int64_t sample = 0; sample < samples; ++sample)
    HWY_DYNAMIC_DISPATCH(AnalyseImage)({geometry_, image_table_, image, sample}, x, spectrum);
}

void DftTransforms::synthesise(const DftImage& image, std::int64_t samples, const float* spectrum,
                               float* x) const {
#pragma omp parallel for schedule(static)
  for (std::int64_t sample = 0; sample < samples; ++sample)
    HWY_DYNAMIC_DISPATCH(SynthesiseImage)({geometry_, image_table_, image, sample}, spectrum, x);
}

void DftTransforms::analyse_taps(const float* kernel, std::int64_t rows, std::int64_t columns,
                                 bool adjoint, const SpectrumLayout& layout,
                                 float* spectrum) const {
  const std::int64_t padded_rows = adjoint ? geometry_.out : geometry_.in;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::int64_t phase = 0; phase < geometry_.phases; ++phase)
    for (std::int64_t row = 0; row < padded_rows; ++row) HWY_DYNAMIC_DISPATCH(AnalyseTaps)
  ({geometry_, kernel_table_, layout, rows, columns, row, phase, adjoint}, kernel, spectrum);
}

void DftTransforms::analyse_kernel(const float* kernel, float* spectrum) const {
  analyse_taps(kernel, geometry_.shape.in, geometry_.shape.out, false, forward_kernel_, spectrum);
}

void DftTransforms::analyse_kernel_adjoint(const float* kernel, float* transposed,
                                           float* spectrum) const {
  const std::int64_t in = geometry_.shape.in, out = geometry_.shape.out;
  const std::int64_t taps = geometry_.shape.kernel * geometry_.shape.kernel;
  constexpr std::int64_t block = 16;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::int64_t tap = 0; tap < taps; ++tap)
    for (std::int64_t i0 = 0; i0 < in; i0 += block)
      for (std::int64_t o0 = 0; o0 < out; o0 += block)
        for (std::int64_t o = o0; o < std::min(out, o0 + block); ++o)
          for (std::int64_t i = i0; i < std::min(in, i0 + block); ++i)
            transposed[(tap * out + o) * in + i] = kernel[(tap * in + i) * out + o];
  analyse_taps(transposed, out, in, true, backward_kernel_, spectrum);
}

void DftTransforms::synthesise_kernel_gradient(const float* spectrum,
                                               float* kernel_gradient) const {
  const std::int64_t in = geometry_.shape.in, out = geometry_.shape.out;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::int64_t phase = 0; phase < geometry_.phases; ++phase)
    for (std::int64_t row = 0; row < in; ++row) HWY_DYNAMIC_DISPATCH(SynthesiseTaps)
  ({geometry_, kernel_table_, kernel_gradient_, in, out, row, phase, false}, spectrum,
   kernel_gradient);
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
