// A scalar product per sample, a multiple of the kernel per sample, a sum of multiples of x.
#include "kernels/dense_one_output.h"

#include "kernels/device/divider.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 128, warps = threads / 32;

/// y = epilogue(x * kernel). A warp per sample: its lanes share out the packs and add up by
/// shuffles. No shared memory, no barrier.
__global__ void __launch_bounds__(threads)
    one_output_forward_kernel(int batch, int in, const float* x, const float* kernel,
                              EpilogueParameters epilogue, float* y) {
  wait_for_previous_launch();
  const int lane = lane_index(), sample = block_index().x * warps + warp_index();
  if (sample >= batch) return;  // the whole warp
  const float* from = x + std::int64_t{sample} * in;
  Pack<4> sums{};  // so that four chains of additions run side by side
  DCGAN_UNROLL_BY(8)
  for (int at = lane * 4; at < in; at += 32 * 4)
    sums.fma(Pack<4>::load(from + at), Pack<4>::load(kernel + at));
  const float sum = warp_sum((sums.value[0] + sums.value[1]) + (sums.value[2] + sums.value[3]));
  if (lane == 0) epilogue.apply(Pack<1>{{sum}}, epilogue.bias_of<1>(0), sample).store(y + sample);
}

/// dx = dz * kernel^T. A thread owns a pack. No shared memory, no barrier.
__global__ void __launch_bounds__(threads)
    one_output_backward_data_kernel(std::int64_t count, Divider by_in, const float* dz,
                                    const float* kernel, float* dx) {
  wait_for_previous_launch();
  const std::int64_t at = global_index() * 4;
  if (at >= count) return;
  const auto [sample, column] = by_in.divmod(narrow(at));
  (Pack<4>::load(kernel + column) * Pack<4>::broadcast(dz[sample])).store(dx + at);
}

/// dkernel [in]: sums of dz * x over the samples. Threads as in ColumnWalk. Shared memory and
/// barriers: sum_columns.
__global__ void __launch_bounds__(ColumnWalk::threads)
    one_output_backward_weights_kernel(ColumnWalk walk, const float* x, const float* dz,
                                       Scratch scratch, float* dkernel) {
  wait_for_previous_launch();
  const ColumnPlace at = column_place(walk);
  Pack<4> sum{};
  struct Loaded {
    float gradient;
    Pack<4> x;
  };
  const auto load = [&](int sample) {
    return Loaded{dz[sample], Pack<4>::load(x + std::int64_t{sample} * walk.columns + at.column)};
  };
  walk_rows<4>(walk, at, load,
               [&](int, const Loaded& sample) { sum.fma(sample.gradient, sample.x); });
  sum_columns(walk, at, sum, scratch, dkernel);
}

}  // namespace

OneOutputPlan plan_one_output(const DenseShape& s) {
  OneOutputPlan plan;
  if (s.out != 1 || !packs_of_four(s.in)) return plan;
  plan.applies = true;
  plan.bytes = describe(s, Direction::forward).bytes;
  plan.fmas = static_cast<double>(s.x_size());
  plan.walk = plan_column_walk(s.batch, s.in);
  plan.scratch = plan.walk.scratch(1);
  return plan;
}

void one_output_forward(const OneOutputPlan& plan, const float* x, const float* kernel,
                        const EpilogueParameters& epilogue, float* y, cudaStream_t stream) {
  launch({"one_output_forward", plan.bytes + epilogue.mask_bytes(plan.walk.rows), plan.fmas},
         one_output_forward_kernel, blocks_for(plan.walk.rows, warps), threads, 0, stream,
         plan.walk.rows, plan.walk.columns, x, kernel, epilogue, y);
}

void one_output_backward_data(const OneOutputPlan& plan, const float* dz, const float* kernel,
                              float* dx, cudaStream_t stream) {
  const std::int64_t count = std::int64_t{plan.walk.rows} * plan.walk.columns;
  launch({"one_output_backward_data", plan.bytes}, one_output_backward_data_kernel,
         blocks_for(count, threads * 4), threads, 0, stream, count, Divider(plan.walk.columns), dz,
         kernel, dx);
}

void one_output_backward_weights(const OneOutputPlan& plan, const float* x, const float* dz,
                                 float* dkernel, const Scratch& scratch, cudaStream_t stream) {
  const ColumnWalk& walk = plan.walk;
  launch({"one_output_backward_weights", plan.bytes + walk.parts_bytes(1), plan.fmas},
         one_output_backward_weights_kernel, walk.grid(), ColumnWalk::threads, 0, stream, walk, x,
         dz, scratch, dkernel);
}

}  // namespace dcgan::DCGAN_TARGET
