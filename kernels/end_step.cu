#include "kernels/end_step.h"

#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 64;

/// One block. A thread owns every 64th measure and every 64th word of the state. No shared memory;
/// the barrier keeps the position until all have read it.
__global__ void __launch_bounds__(threads) end_step_kernel(EndStep e) {
  wait_for_previous_launch();
  const std::int64_t position = *e.position, ended = position < e.steps ? position : 0;
  const std::int64_t next = ended + 1;
  for (int i = thread_index(); i < e.measure_count; i += threads)
    e.measured[ended * e.measure_count + i] = e.measures[i];
  for (int i = thread_index(); next < e.steps && i < e.words; i += threads)
    e.state[i] = e.states[next * e.words + i];
  __syncthreads();  // every thread knows which step has ended
  if (thread_index() == 0) *e.position = next;
}

}  // namespace

void end_step(const EndStep& end, cudaStream_t stream) {
  launch({"end_step", least_bytes(end)}, end_step_kernel, 1, threads, 0, stream, end);
}

}  // namespace dcgan::DCGAN_TARGET
