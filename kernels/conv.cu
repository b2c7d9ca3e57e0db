// Convolutions as matrix products that gather their operands: nothing is unfolded in memory. The
// adjoint of stride 2 is four products, one per parity of the pixel's row and column, in one
// launch.
#include "kernels/conv.h"

#include "kernels/matmul/convolution.h"
#include "kernels/matmul/product.h"

namespace dcgan::DCGAN_TARGET {
namespace {

struct PixelClasses {
  PixelClass of[ConvKernels::most_classes];
  int depth[ConvKernels::most_classes];  // of each class's sum
};

/// One block per tile of pixels of a class and part of the sum (z: part * classes + class). Each
/// part writes its own image, at dx + part * image_floats. Shared memory and barriers:
/// tile_product.
template <class Tile, bool vec4, class Finish>
__global__ void __launch_bounds__(
    Tile::threads,  // of six groups two blocks would leave it too few registers
    Tile::groups > 2 ? 1 : Tile::blocks_per_multiprocessor)
    conv_backward_data_kernel(ConvGeometry g, PixelClasses classes, int splits,
                              std::int64_t image_floats, const float* dz, const float* kernel,
                              float* dx, Finish finish) {
  wait_for_previous_launch();
  const int count = g.stride * g.stride;
  const BlockIndex block = block_index();
  const int index = block.z % count, part = block.z / count;
  const PixelClass c = classes.of[index];
  const int m0 = block.x * Tile::m;
  const bool empty = m0 >= g.batch * c.rows * c.columns;  // the whole block: classes differ in size
  if (empty && Finish::column_sums == 0) return;
  const int depth = empty ? 0 : classes.depth[index];  // its sums of columns are zeros
  const int slices = (depth + splits * Tile::k - 1) / (splits * Tile::k);  // of a part
  const int begin = part * slices * Tile::k;
  const int end = begin + slices * Tile::k < depth ? begin + slices * Tile::k : depth;
  const GradientAlongK<vec4> a{{dz}, g, c};
  const ClassKernelAlongK<vec4> b{{kernel}, g, c};
  tile_product<Tile>(a, b, m0, block.y * Tile::n, begin, end,
                     ClassWriter<vec4, Finish>{{finish, dx + part * image_floats, g.in}, g, c});
}

/// Pixels first, first + stride ... of an axis, and the taps that reach them.
struct AxisClass {
  int pixels, first_tap, taps, first_output;
};

AxisClass axis_class(int first, int length, int size, int stride, int pad) {
  const int first_tap = (first + pad) % stride;
  return {narrow(ceil_div(std::max(length - first, 0), stride)), first_tap,
          narrow(ceil_div(std::max(size - first_tap, 0), stride)),
          (first + pad - first_tap) / stride};
}

PixelClasses pixel_classes(const ConvGeometry& g) {
  PixelClasses classes{};
  for (int row = 0; row < g.stride; ++row)
    for (int column = 0; column < g.stride; ++column) {
      const AxisClass h = axis_class(row, g.height, g.size, g.stride, g.pad_top);
      const AxisClass w = axis_class(column, g.width, g.size, g.stride, g.pad_left);
      const int index = row * g.stride + column;
      PixelClass& c = classes.of[index];
      c.first_h = row, c.first_w = column;
      c.rows = h.pixels, c.columns = w.pixels;
      c.first_kh = h.first_tap, c.first_kw = w.first_tap;
      c.tap_rows = h.taps, c.tap_columns = w.taps;
      c.first_oh = h.first_output, c.first_ow = w.first_output;
      c.by_pixels = Divider(std::max(c.rows * c.columns, 1));
      c.by_columns = Divider(std::max(c.columns, 1));
      c.by_tap_columns = Divider(std::max(c.tap_columns, 1));
      classes.depth[index] = c.tap_rows * c.tap_columns * g.out;
    }
  return classes;
}

std::int64_t count_positions(const ConvShape& s) {
  return s.batch * s.out_height() * s.out_width();
}
std::int64_t taps(const ConvShape& s) { return s.kernel * s.kernel; }

ConvGeometry geometry(const ConvShape& s) {
  if (s.stride != 1 && s.stride != 2)
    throw DeviceError("a convolution of stride " + std::to_string(s.stride) +
                      ": 1 and 2 are written");
  ConvGeometry g{};
  g.batch = narrow(s.batch), g.height = narrow(s.height), g.width = narrow(s.width);
  g.in = narrow(s.in), g.out = narrow(s.out), g.size = narrow(s.kernel),
  g.stride = narrow(s.stride);
  g.out_height = narrow(s.out_height()), g.out_width = narrow(s.out_width());
  g.pad_top = narrow(s.pad_top()), g.pad_left = narrow(s.pad_left());
  g.by_in = Divider(g.in), g.by_out = Divider(g.out), g.by_size = Divider(g.size);
  g.by_width = Divider(g.width), g.by_out_width = Divider(g.out_width),
  g.by_out_pixels = Divider(g.out_height * g.out_width);
  return g;
}

}  // namespace

ConvKernels::ConvKernels(const ConvShape& s, Precision precision)
    : g_(geometry(s)),
      bytes_(describe(s, Direction::forward).bytes),
      fmas_(static_cast<double>(count_positions(s) * taps(s) * s.in * s.out)),
      vec4_(packs_of_four(s.in) && packs_of_four(s.out)),
      forward_(plan_product(count_positions(s), s.out, taps(s) * s.in, vec4_, precision)),
      // The largest class has as many pixels as z.
      backward_data_(
          plan_product(count_positions(s), s.in,
                       std::max<std::int64_t>(taps(s) * s.out / (s.stride * s.stride), 1), vec4_,
                       precision, s.stride * s.stride)),
      backward_weights_(plan_product(taps(s) * s.in, s.out, count_positions(s), vec4_, precision)),
      one_channel_(plan_one_channel(g_)) {}

ScratchSize ConvKernels::scratch() const {
  return {.floats = std::max(forward_.workspace_floats(), backward_data_.workspace_floats())};
}

bool ConvKernels::can_go_forward_through(const EpilogueBackward& before) const {
  return vec4_ && !one_channel_.applies && can_finish_backward(forward_, g_.out, before);
}

bool ConvKernels::can_go_back_through(const EpilogueBackward& before) const {
  if (one_channel_.applies) return !before.dbias;
  return vec4_ && can_finish_backward(backward_data_, g_.in, before);
}

ScratchSize ConvKernels::scratch_through(const EpilogueBackward& before) const {
  if (one_channel_.applies) return {};
  return larger(backward_scratch(forward_, forward_.splits, before),
                backward_scratch(backward_data_, classes() * backward_data_.splits, before));
}

bool ConvKernels::can_make_forward_statistics(const BatchNormShape& after) const {
  return vec4_ && !one_channel_.applies &&
         can_make_statistics(forward_, positions(), g_.out, after);
}

bool ConvKernels::can_make_backward_statistics(const BatchNormShape& after) const {
  return vec4_ && !one_channel_.applies && can_serve(backward_data_, pixels(), g_.in, after);
}

bool ConvKernels::can_make_forward_sums(const BatchNormShape& before) const {
  if (one_channel_.applies)
    return one_channel_.sums && before.rows == positions() && before.channels == g_.out;
  return vec4_ && can_serve(forward_, positions(), g_.out, before);
}

bool ConvKernels::can_make_backward_sums(const BatchNormShape& before) const {
  return vec4_ && !one_channel_.applies && can_serve(backward_data_, pixels(), g_.in, before);
}

ScratchSize ConvKernels::batch_norm_scratch() const {
  if (one_channel_.applies) return one_channel_sums_scratch(g_);
  return larger(dcgan::DCGAN_TARGET::batch_norm_scratch(forward_, forward_.splits, positions()),
                dcgan::DCGAN_TARGET::batch_norm_scratch(
                    backward_data_, classes() * backward_data_.splits, pixels()));
}

/// run of finish_forward, finish_backward, finish_with_statistics and finish_with_sums.
template <bool vec4>
auto ConvKernels::forward_product(const float* x, const float* kernel, cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* z) {
    launch_product<vec4>(op, forward_, PatchesAlongK<vec4>{{x}, g_},
                         MatrixAlongMn<vec4>{{kernel}, g_.out}, finish, z, stream);
  };
}

template <bool vec4>
auto ConvKernels::backward_data_product(const float* dz, const float* kernel,
                                        cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* dx) {
    const Product& p = backward_data_;
    const int layers = classes() * p.splits;
    with_tile<vec4>(p, [&](auto tile) {
      using T = decltype(tile);
      using Finish = std::decay_t<decltype(finish)>;
      if constexpr (can_finish<T, Finish>)
        launch(p.work<T>(op, layers), conv_backward_data_kernel<T, vec4, Finish>, p.grid<T>(layers),
               T::threads, 0, stream, g_, pixel_classes(g_), p.splits, pixels() * g_.in, dz, kernel,
               dx, finish);
    });
  };
}

void ConvKernels::forward(const float* x, const float* kernel, const EpilogueParameters& epilogue,
                          float* z, const Scratch& scratch, cudaStream_t stream) const {
  if (one_channel_.applies)
    return one_channel_forward(work("one_channel_forward"), g_, x, kernel, epilogue, z, stream);
  dispatch(vec4_, [&](auto vec4) {
    finish_forward(work("conv_forward"), forward_, positions(), g_.out, epilogue, z, scratch.floats,
                   stream, forward_product<vec4>(x, kernel, stream));
  });
}

void ConvKernels::forward_through(const float* x, const float* kernel,
                                  const EpilogueBackward& before, const Scratch& scratch,
                                  cudaStream_t stream) const {
  finish_backward(work("conv_forward"), forward_, positions(), g_.out, before, scratch, stream,
                  forward_product<true>(x, kernel, stream));
}

void ConvKernels::backward_data(const float* dz, const float* kernel,
                                const EpilogueParameters& epilogue, float* dx,
                                const Scratch& scratch, cudaStream_t stream) const {
  if (one_channel_.applies)
    return one_channel_backward_data(work("one_channel_backward_data"), g_, dz, kernel, epilogue,
                                     dx, stream);
  dispatch(vec4_, [&](auto vec4) {
    finish_forward(work("conv_backward_data"), backward_data_, pixels(), g_.in, epilogue, dx,
                   scratch.floats, stream, backward_data_product<vec4>(dz, kernel, stream));
  });
}

void ConvKernels::backward_data_through(const float* dz, const float* kernel,
                                        const EpilogueBackward& before, const Scratch& scratch,
                                        cudaStream_t stream) const {
  if (one_channel_.applies)
    return one_channel_backward_data(work("one_channel_backward_data"), g_, dz, kernel, before,
                                     stream);
  finish_backward(work("conv_backward_data"), backward_data_, pixels(), g_.in, before, scratch,
                  stream, backward_data_product<true>(dz, kernel, stream));
}

void ConvKernels::forward_with_statistics(const float* x, const float* kernel, const float* bias,
                                          float* z, const BatchNormStatistics& after,
                                          const Scratch& scratch, cudaStream_t stream) const {
  finish_with_statistics(work("conv_forward"), forward_, positions(), g_.out, bias, after, z,
                         scratch, stream, forward_product<true>(x, kernel, stream));
}

void ConvKernels::backward_data_with_statistics(const float* dz, const float* kernel,
                                                const float* bias, float* dx,
                                                const BatchNormStatistics& after,
                                                const Scratch& scratch, cudaStream_t stream) const {
  finish_with_statistics(work("conv_backward_data"), backward_data_, pixels(), g_.in, bias, after,
                         dx, scratch, stream, backward_data_product<true>(dz, kernel, stream));
}

void ConvKernels::forward_with_sums(const float* x, const float* kernel,
                                    const BatchNormSums& before, const Scratch& scratch,
                                    cudaStream_t stream) const {
  if (one_channel_.applies)
    return one_channel_forward(work("one_channel_forward"), g_, x, kernel, before, scratch, stream);
  finish_with_sums(work("conv_forward"), forward_, positions(), g_.out, before, scratch, stream,
                   forward_product<true>(x, kernel, stream));
}

void ConvKernels::backward_data_with_sums(const float* dz, const float* kernel,
                                          const BatchNormSums& before, const Scratch& scratch,
                                          cudaStream_t stream) const {
  finish_with_sums(work("conv_backward_data"), backward_data_, pixels(), g_.in, before, scratch,
                   stream, backward_data_product<true>(dz, kernel, stream));
}

template <bool vec4>
auto ConvKernels::backward_weights_product(const float* x, const float* dz,
                                           cudaStream_t stream) const {
  return [=, this](const Work& op, const auto& finish, float* to) {
    launch_product<vec4>(op, backward_weights_, PatchesAlongMn<vec4>{{x}, g_},
                         MatrixAlongMn<vec4>{{dz}, g_.out}, finish, to, stream);
  };
}

void ConvKernels::backward_weights(const float* x, const float* dz, float* dkernel,
                                   const Scratch& scratch, cudaStream_t stream) const {
  if (one_channel_.parts == 1) return backward_weights_in_parts(x, dz, dkernel, stream);
  if (one_channel_.parts > 1) {
    backward_weights_in_parts(x, dz, scratch.floats, stream);
    return sum_parts("one_channel_backward_weights", scratch.floats, one_channel_.parts,
                     g_.size * g_.size, g_.out, {}, dkernel, stream);
  }
  dispatch(vec4_, [&](auto vec4) {
    finish_forward(work("conv_backward_weights"), backward_weights_, backward_weights_.m, g_.out,
                   {}, dkernel, scratch.floats, stream,
                   backward_weights_product<vec4>(x, dz, stream));
  });
}

void ConvKernels::backward_weights_in_parts(const float* x, const float* dz, float* parts,
                                            cudaStream_t stream) const {
  if (one_channel_.parts > 0)
    return one_channel_backward_weights(work("one_channel_backward_weights"), g_, one_channel_, x,
                                        dz, parts, stream);
  dispatch(vec4_, [&](auto vec4) {
    backward_weights_product<vec4>(x, dz, stream)(work("conv_backward_weights"), ForwardFinish{},
                                                  parts);
  });
}

}  // namespace dcgan::DCGAN_TARGET
