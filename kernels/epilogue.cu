#include "kernels/epilogue.h"

#include "kernels/device/column_sums.h"
#include "kernels/device/divider.h"
#include "kernels/finish.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256;

/// A thread owns `width` neighbours. No shared memory, no barrier.
template <int width>
__global__ void __launch_bounds__(threads)
    epilogue_forward_kernel(EpilogueParameters epilogue, std::int64_t count, Divider by_channels,
                            float* y) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  const int channel = by_channels.remainder(narrow(at));
  epilogue.apply(Pack<width>::load(y + at), epilogue.template bias_of<width>(channel), at)
      .store(y + at);
}

/// dz without a bias gradient; the source may be dz itself. A thread owns `width` neighbours. No
/// shared memory, no barrier.
template <int width, class Source>
__global__ void __launch_bounds__(threads)
    epilogue_backward_kernel(EpilogueParameters epilogue, std::int64_t count, Source source,
                             const float* y, const float* sample_scale, Divider by_sample,
                             float* dz) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * width;
  if (at >= count) return;
  const float scale = sample_scale ? sample_scale[by_sample.divide(narrow(at))] : 1.0F;
  const Pack<width> dy = source.template load<width>(at);
  differentiate(epilogue, load_terms(epilogue, dy, scale, y, at)).store(dz + at);
}

/// dz, and its sums over the rows in dbias. Threads as in ColumnWalk. Shared memory and barriers:
/// sum_columns.
template <int width, class Source>
__global__ void __launch_bounds__(threads)
    epilogue_backward_bias_kernel(EpilogueParameters epilogue, ColumnWalk walk, Source source,
                                  const float* y, const float* sample_scale,
                                  Divider by_rows_per_sample, float* dz, Scratch scratch,
                                  float* dbias) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  Pack<width> sum{};
  const auto index = [&](int row) { return std::int64_t{row} * walk.columns + at.column; };
  const auto load = [&](int row) {
    const float scale = sample_scale ? sample_scale[by_rows_per_sample.divide(row)] : 1.0F;
    const Pack<width> dy = source.template load<width>(index(row));
    return load_terms(epilogue, dy, scale, y, index(row));
  };
  walk_rows<width == 1 ? 4 : 2>(walk, at, load, [&](int row, const GradientTerms<width>& terms) {
    const Pack<width> g = differentiate(epilogue, terms);
    g.store(dz + index(row));
    sum += g;
  });
  sum_columns(walk, at, sum, scratch, dbias);
}

}  // namespace

void epilogue_forward(const EpilogueForward& c, cudaStream_t stream) {
  const EpilogueParameters epilogue(c.epilogue, c.bias, c.keep);
  const std::int64_t count = c.rows * c.channels;
  // One channel: its neighbours share the bias, so packs may cross rows.
  const bool packs = packs_of_four(c.channels) || (packs_of_four(count) && !epilogue.bias);
  with_width(packs, [&](auto width) {
    launch({"epilogue_forward", least_bytes(c)}, epilogue_forward_kernel<width>,
           blocks_for(count, threads * width), threads, 0, stream, epilogue, count,
           Divider(narrow(c.channels)), c.y);
  });
}

ScratchSize epilogue_scratch(std::int64_t rows, std::int64_t channels) {
  return plan_column_walk(rows, channels).scratch(1);
}

void epilogue_backward(const EpilogueBackward& c, const GradientSource& any_source,
                       double source_bytes, double fmas, const Scratch& scratch,
                       cudaStream_t stream) {
  const EpilogueParameters epilogue(c.epilogue, nullptr, c.keep);
  const std::int64_t count = c.rows * c.channels;
  const std::int64_t sample = c.sample_scale ? c.sample_size : c.channels;
  const double bytes = least_bytes(c) - 4.0 * static_cast<double>(count) + source_bytes;
  std::visit(
      [&](const auto& source) {
        using Source = std::decay_t<decltype(source)>;
        if (c.dbias) {
          const ColumnWalk walk = plan_column_walk(c.rows, c.channels);
          return with_width(walk.width == 4, [&](auto width) {
            launch({"epilogue_backward_bias", bytes + walk.parts_bytes(1), fmas},
                   epilogue_backward_bias_kernel<width, Source>, walk.grid(), threads, 0, stream,
                   epilogue, walk, source, c.y, c.sample_scale,
                   Divider(narrow(sample / c.channels)), c.dy, scratch, c.dbias);
          });
        }
        const bool packs = packs_of_four(count) && (!c.sample_scale || packs_of_four(sample));
        with_width(packs, [&](auto width) {
          launch({"epilogue_backward", bytes, fmas}, epilogue_backward_kernel<width, Source>,
                 blocks_for(count, threads * width), threads, 0, stream, epilogue, count, source,
                 c.y, c.sample_scale, Divider(narrow(sample)), c.dy);
        });
      },
      any_source);
}

void epilogue_backward(const EpilogueBackward& c, const Scratch& scratch, cudaStream_t stream) {
  epilogue_backward(c, GradientInMemory{c.dy}, 4.0 * static_cast<double>(c.rows * c.channels), 0,
                    scratch, stream);
}

}  // namespace dcgan::DCGAN_TARGET
