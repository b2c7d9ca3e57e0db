// Transforms, products per frequency, transforms back, for some samples at a time. For both passes
// back, the spectrum of dz is made once.
#include "backend/cpu/dft_convolution.h"

#include <omp.h>

#include <algorithm>

#include "backend/cpu/dft_product.h"
#include "backend/cpu/dft_transform.h"
#include "backend/cpu/memory.h"

namespace dcgan::cpu {
namespace {

/// Samples per chunk, in chunks of equal size: as few as keep the passes over the kernel's spectrum
/// small beside those over the images', at about five times its size. (Measured: three is as fast
/// with the last cache to itself and 4 % slower when other programs use it; eight is the reverse.)
std::int64_t enough_samples(const DftGeometry& g) {
  const std::int64_t source = g.phases * g.in, destination = g.out;
  const std::int64_t most =
      std::max<std::int64_t>(5 * source * destination / (source + destination), 32);
  const std::int64_t chunks = (g.shape.batch + most - 1) / most;
  return (g.shape.batch + chunks - 1) / chunks;
}

void grow(Buffer& buffer, std::int64_t floats) {
  if (buffer.bytes() < static_cast<std::size_t>(floats) * sizeof(float)) {
    buffer = {};  // freed before the new one is allocated
    buffer = allocate_floats(floats);
  }
}

class DftConvolution final : public Convolution {
 public:
  DftConvolution(const DftGeometry& geometry, std::shared_ptr<DftScratch> scratch,
                 std::int64_t samples_at_once)
      : geometry_(geometry),
        samples_at_once_(samples_at_once ? samples_at_once : enough_samples(geometry_)),
        transforms_(geometry_, samples_at_once_),
        scratch_(std::move(scratch)) {
    const ConvShape& s = geometry_.shape;
    grow(scratch_->source, transforms_.source().layout.floats);
    grow(scratch_->destination, transforms_.destination().layout.floats);
    grow(scratch_->kernel,
         std::max(transforms_.forward_kernel().floats, transforms_.backward_kernel().floats));
    grow(scratch_->kernel_gradient, transforms_.kernel_gradient().floats);
    grow(scratch_->transposed_kernel, s.kernel * s.kernel * s.in * s.out);
  }

  void to_destination(const float* source, const float* kernel, float* destination) override {
    transforms_.analyse_kernel(kernel, scratch_->kernel.f32());
    over_chunks([&](const Chunk& chunk) {
      analyse_source(chunk, source);
      multiply_to_destination(chunk, destination);
    });
  }
  void to_source(const float* destination, const float* kernel, float* source) override {
    analyse_kernel_adjoint(kernel);
    over_chunks([&](const Chunk& chunk) {
      analyse_destination(chunk, destination);
      multiply_to_source(chunk, source);
    });
  }
  void kernel_gradient(const float* source, const float* destination, float* gradient) override {
    over_chunks([&](const Chunk& chunk) {
      analyse_source(chunk, source);
      analyse_destination(chunk, destination);
      add_kernel_gradient(chunk);
    });
    transforms_.synthesise_kernel_gradient(scratch_->kernel_gradient.f32(), gradient);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* gradient) override {
    analyse_kernel_adjoint(kernel);
    over_chunks([&](const Chunk& chunk) {
      analyse_source(chunk, x);
      analyse_destination(chunk, dz);
      add_kernel_gradient(chunk);
      multiply_to_source(chunk, dx);
    });
    transforms_.synthesise_kernel_gradient(scratch_->kernel_gradient.f32(), gradient);
  }
  void backward_transposed(const float* x, const float* dz, const float* kernel, float* dx,
                           float* gradient) override {
    transforms_.analyse_kernel(kernel, scratch_->kernel.f32());
    over_chunks([&](const Chunk& chunk) {
      analyse_source(chunk, dz);
      analyse_destination(chunk, x);
      add_kernel_gradient(chunk);
      multiply_to_destination(chunk, dx);
    });
    transforms_.synthesise_kernel_gradient(scratch_->kernel_gradient.f32(), gradient);
  }

 private:
  struct Chunk {
    std::int64_t first, samples;
  };

  template <class F>
  void over_chunks(F f) {
    for (std::int64_t first = 0; first < geometry_.shape.batch; first += samples_at_once_)
      f(Chunk{first, std::min(samples_at_once_, geometry_.shape.batch - first)});
  }

  void analyse_source(const Chunk& chunk, const float* x) {
    transforms_.analyse(transforms_.source(), chunk.samples,
                        x + chunk.first * transforms_.source().sample_size(),
                        scratch_->source.f32());
  }
  void analyse_destination(const Chunk& chunk, const float* x) {
    transforms_.analyse(transforms_.destination(), chunk.samples,
                        x + chunk.first * transforms_.destination().sample_size(),
                        scratch_->destination.f32());
  }
  void analyse_kernel_adjoint(const float* kernel) {
    transforms_.analyse_kernel_adjoint(kernel, scratch_->transposed_kernel.f32(),
                                       scratch_->kernel.f32());
  }

  /// The source's spectrum times the kernel's, transformed back.
  void multiply_to_destination(const Chunk& chunk, float* destination) {
    const DftImage& to = transforms_.destination();
    multiply_by_kernel(chunk, transforms_.source().layout, scratch_->source,
                       transforms_.forward_kernel(), to.layout, scratch_->destination);
    transforms_.synthesise(to, chunk.samples, scratch_->destination.f32(),
                           destination + chunk.first * to.sample_size());
  }
  void multiply_to_source(const Chunk& chunk, float* source) {
    const DftImage& to = transforms_.source();
    multiply_by_kernel(chunk, transforms_.destination().layout, scratch_->destination,
                       transforms_.backward_kernel(), to.layout, scratch_->source);
    transforms_.synthesise(to, chunk.samples, scratch_->source.f32(),
                           source + chunk.first * to.sample_size());
  }

  void multiply_by_kernel(const Chunk& chunk, const SpectrumLayout& from, const Buffer& a,
                          const SpectrumLayout& kernel, const SpectrumLayout& to, Buffer& c) {
    over_frequencies(chunk.samples, [&](std::size_t f, DftProduct& p) {
      const int planes = geometry_.frequencies[f].planes;
      p.columns = to.row;
      p.depth = from.row;
      p.a = a.f32() + from.first[f];
      p.a_row = planes * from.row;
      p.a_depth = 1;
      p.a_plane = from.row;
      p.b = scratch_->kernel.f32() + kernel.first[f];
      p.b_panel = kernel.rows * planes * dft_panel;
      p.b_depth = planes * dft_panel;
      p.b_plane = dft_panel;
      p.c = c.f32() + to.first[f];
      p.c_row = planes * to.row;
      p.c_plane = to.row;
    });
  }

  /// From both spectra, which stay as they are; the first chunk begins the sum.
  void add_kernel_gradient(const Chunk& chunk) {
    const SpectrumLayout &from = transforms_.source().layout,
                         &to = transforms_.destination().layout,
                         &result = transforms_.kernel_gradient();
    over_frequencies(from.row, [&](std::size_t f, DftProduct& p) {
      const int planes = geometry_.frequencies[f].planes;
      p.accumulate = chunk.first > 0;
      p.columns = to.row;
      p.depth = chunk.samples;
      p.a = scratch_->source.f32() + from.first[f];
      p.a_row = 1;
      p.a_depth = planes * from.row;
      p.a_plane = from.row;
      p.b = scratch_->destination.f32() + to.first[f];
      p.b_panel = dft_panel;
      p.b_depth = planes * to.row;
      p.b_plane = to.row;
      p.c = scratch_->kernel_gradient.f32() + result.first[f];
      p.c_row = planes * result.row;
      p.c_plane = result.row;
    });
  }

  /// One thread computes a frequency, or several where there are many threads: each computes its
  /// own rows, so bits do not depend on their number.
  template <class Describe>
  void over_frequencies(std::int64_t rows, Describe describe) {
    const auto frequencies = static_cast<std::int64_t>(geometry_.frequencies.size());
    const std::int64_t parts =
        std::min((4 * omp_get_max_threads() + frequencies - 1) / frequencies, rows);
#pragma omp parallel for schedule(dynamic)
    for (std::int64_t task = 0; task < frequencies * parts; ++task) {
      const auto f = static_cast<std::size_t>(task / parts);
      const std::int64_t part = task % parts;
      DftProduct product{};
      product.complex = geometry_.frequencies[f].planes == 2;
      product.row0 = rows * part / parts;
      product.row1 = rows * (part + 1) / parts;
      describe(f, product);
      multiply(product);
    }
  }

  DftGeometry geometry_;
  std::int64_t samples_at_once_;
  DftTransforms transforms_;
  std::shared_ptr<DftScratch> scratch_;
};

}  // namespace

std::unique_ptr<Convolution> make_dft_convolution(const DftGeometry& geometry,
                                                  std::shared_ptr<DftScratch> scratch,
                                                  std::int64_t samples_at_once) {
  return std::make_unique<DftConvolution>(geometry, std::move(scratch), samples_at_once);
}

}  // namespace dcgan::cpu
