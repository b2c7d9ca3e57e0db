// Transforms, products per frequency, transforms back. The spectrum that a forward pass made of its
// input serves backward-weights, and that of dz both backward products.
#include "backend/cpu/dft_convolution.h"

#include <omp.h>

#include <algorithm>

#include "backend/cpu/dft_product.h"
#include "backend/cpu/dft_transform.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/memory.h"

namespace dcgan::cpu {
namespace {

/// The steps that the passes of both convolutions are made of, and their memory. conv2d maps the
/// source to the destination.
class DftSteps {
 public:
  explicit DftSteps(const DftGeometry& geometry)
      : geometry_(geometry),
        transforms_(geometry_),
        source_(allocate_floats(transforms_.source().layout.floats)),
        destination_(allocate_floats(transforms_.destination().layout.floats)),
        kernel_(allocate_floats(
            std::max({transforms_.forward_kernel().floats, transforms_.backward_kernel().floats,
                      transforms_.kernel_gradient().floats}))) {}

  void analyse_source(const float* x) {
    transforms_.analyse(transforms_.source(), x, source_.f32());
  }
  void analyse_destination(const float* x) {
    transforms_.analyse(transforms_.destination(), x, destination_.f32());
  }

  /// From the source's spectrum; leaves the destination's.
  void source_to_destination(const float* kernel, float* destination) {
    transforms_.analyse_kernel(kernel, kernel_.f32());
    multiply_by_kernel(transforms_.source(), source_, transforms_.forward_kernel(),
                       transforms_.destination(), destination_);
    transforms_.synthesise(transforms_.destination(), destination_.f32(), destination);
  }

  /// From the destination's spectrum; leaves the source's.
  void destination_to_source(const float* kernel, float* source) {
    if (!transposed_.f32())
      transposed_ = allocate_floats(geometry_.shape.kernel * geometry_.shape.kernel *
                                    geometry_.shape.in * geometry_.shape.out);
    transforms_.analyse_kernel_adjoint(kernel, transposed_.f32(), kernel_.f32());
    multiply_by_kernel(transforms_.destination(), destination_, transforms_.backward_kernel(),
                       transforms_.source(), source_);
    transforms_.synthesise(transforms_.source(), source_.f32(), source);
  }

  /// From both spectra, which it leaves alone.
  void kernel_gradient(float* gradient) {
    const SpectrumLayout &from = transforms_.source().layout,
                         &to = transforms_.destination().layout,
                         &result = transforms_.kernel_gradient();
    over_frequencies(from.row, [&](std::size_t f, DftProduct& p) {
      const int planes = geometry_.frequencies[f].planes;
      p.columns = to.row;
      p.depth = from.rows;
      p.a = source_.f32() + from.first[f];
      p.a_row = 1;
      p.a_depth = planes * from.row;
      p.a_plane = from.row;
      p.b = destination_.f32() + to.first[f];
      p.b_panel = dft_panel;
      p.b_depth = planes * to.row;
      p.b_plane = to.row;
      p.c = kernel_.f32() + result.first[f];
      p.c_row = planes * result.row;
      p.c_plane = result.row;
    });
    transforms_.synthesise_kernel_gradient(kernel_.f32(), gradient);
  }

 private:
  void multiply_by_kernel(const DftImage& from, const Buffer& a, const SpectrumLayout& kernel,
                          const DftImage& to, Buffer& c) {
    over_frequencies(from.layout.rows, [&](std::size_t f, DftProduct& p) {
      const int planes = geometry_.frequencies[f].planes;
      p.columns = to.layout.row;
      p.depth = from.layout.row;
      p.a = a.f32() + from.layout.first[f];
      p.a_row = planes * from.layout.row;
      p.a_depth = 1;
      p.a_plane = from.layout.row;
      p.b = kernel_.f32() + kernel.first[f];
      p.b_panel = kernel.rows * planes * dft_panel;
      p.b_depth = planes * dft_panel;
      p.b_plane = dft_panel;
      p.c = c.f32() + to.layout.first[f];
      p.c_row = planes * to.layout.row;
      p.c_plane = to.layout.row;
    });
  }

  /// A frequency is one thread's, or several threads' where there are many: each computes rows of
  /// its own, so bits depend on neither.
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
  DftTransforms transforms_;
  Buffer source_, destination_;  // spectra
  Buffer kernel_;                // spectrum of the kernel or of its gradient
  Buffer transposed_;
};

void run_epilogue(const Epilogue& e, std::int64_t rows, std::int64_t channels, const float* bias,
                  const std::uint8_t* keep, float* y) {
  if (e.does_something()) epilogue_forward(e, rows, channels, bias, keep, y);
}

class DftConv2d final : public LinearOp {
 public:
  DftConv2d(const DftGeometry& g, const Epilogue& e)
      : steps_(g),
        epilogue_(e),
        rows_(g.shape.batch * g.out_height * g.out_width),
        channels_(g.shape.out) {}

  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    steps_.analyse_source(x);
    kept_ = x;
    steps_.source_to_destination(kernel, y);
    run_epilogue(epilogue_, rows_, channels_, bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    steps_.analyse_destination(dz);
    kept_ = nullptr;
    steps_.destination_to_source(kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    if (kept_ != x) steps_.analyse_source(x);
    kept_ = x;
    steps_.analyse_destination(dz);
    steps_.kernel_gradient(dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    backward_weights(x, dz, dkernel);
    kept_ = nullptr;
    steps_.destination_to_source(kernel, dx);
  }

 private:
  DftSteps steps_;
  Epilogue epilogue_;
  std::int64_t rows_, channels_;
  const float* kept_ = nullptr;  // whose spectrum the source's is
};

class DftConvTranspose2d final : public LinearOp {
 public:
  DftConvTranspose2d(const DftGeometry& g, const Epilogue& e)
      : steps_(g),
        epilogue_(e),
        rows_(g.shape.batch * g.shape.height * g.shape.width),
        channels_(g.shape.in) {}

  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    steps_.analyse_destination(x);
    kept_ = x;
    steps_.destination_to_source(kernel, y);
    run_epilogue(epilogue_, rows_, channels_, bias, keep, y);
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    steps_.analyse_source(dz);
    kept_ = nullptr;
    steps_.source_to_destination(kernel, dx);
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    if (kept_ != x) steps_.analyse_destination(x);
    kept_ = x;
    steps_.analyse_source(dz);
    steps_.kernel_gradient(dkernel);
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    backward_weights(x, dz, dkernel);
    kept_ = nullptr;
    steps_.source_to_destination(kernel, dx);
  }

 private:
  DftSteps steps_;
  Epilogue epilogue_;
  std::int64_t rows_, channels_;
  const float* kept_ = nullptr;  // whose spectrum the destination's is
};

}  // namespace

std::unique_ptr<LinearOp> make_dft_conv2d(const DftGeometry& g, const Epilogue& e) {
  return std::make_unique<DftConv2d>(g, e);
}

std::unique_ptr<LinearOp> make_dft_conv_transpose2d(const DftGeometry& g, const Epilogue& e) {
  return std::make_unique<DftConvTranspose2d>(g, e);
}

}  // namespace dcgan::cpu
