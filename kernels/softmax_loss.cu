// Softmax cross-entropy from logits. With x[m] the largest logit of a row and
// others = sum over j != m of exp(x[j] - x[m]):  p[m] = 1 / (1 + others), and the loss is
// x[m] - x[label] + log1p(others). No term is negative, so float loses nothing to cancellation,
// however sure of the label a row is.
#include "kernels/softmax_loss.h"

#include <cmath>

#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int warps = 32, threads = 32 * warps;

struct Largest {
  float value;
  int index;
};

/// The largest of all lanes', and of equal ones that of the lowest index. No value is NaN.
__device__ __forceinline__ Largest warp_largest(Largest mine) {
  for (int distance = 16; distance > 0; distance /= 2) {
    const Largest other{shuffle_xor(mine.value, distance), shuffle_xor(mine.index, distance)};
    if (other.value > mine.value || (other.value == mine.value && other.index < mine.index))
      mine = other;
  }
  return mine;
}

/// One block. A warp owns every 32nd row, a lane every 32nd class of it. The first lane adds up the
/// losses of its warp's rows; in shared memory they are added over the warps: the barrier tells
/// that their sums are stored.
__global__ void __launch_bounds__(threads) softmax_loss_kernel(SoftmaxLoss t) {
  wait_for_previous_launch();
  __shared__ float loss_sums[warps];
  __shared__ float right_sums[warps];
  const int lane = lane_index(), warp = warp_index();
  const int batch = narrow(t.batch), classes = narrow(t.classes);
  const float n = static_cast<float>(batch);
  float loss = 0, right = 0;
  for (int row = warp; row < batch; row += warps) {
    const std::int64_t first = std::int64_t{row} * classes;
    const float* x = t.logits + first;
    Largest largest{-INFINITY, classes};  // of NaNs alone
    for (int j = lane; j < classes; j += 32)
      if (x[j] > largest.value) largest = {x[j], j};
    largest = warp_largest(largest);
    float others = 0;
    for (int j = lane; j < classes; j += 32)
      if (j != largest.index) others += expf(x[j] - largest.value);
    others = warp_sum(others);

    const float label = t.labels[row];
    const bool known = label >= 0 && label < static_cast<float>(classes);
    const int of_label = known ? static_cast<int>(label) : -1;
    if (lane == 0) {
      loss += known ? largest.value - x[of_label] + log1pf(others) : INFINITY;
      right += largest.index == of_label ? 1.0F : 0.0F;
    }
    if (!t.adjoint) continue;
    const float total = 1 + others;
    for (int j = lane; j < classes; j += 32) {
      const bool is_largest = j == largest.index;
      float g = expf(x[j] - largest.value) / total;
      if (j == of_label) g = is_largest ? -others / total : g - 1;
      t.adjoint[first + j] = g / n;
    }
  }
  if (lane == 0) {
    loss_sums[warp] = loss;
    right_sums[warp] = right;
  }
  __syncthreads();
  if (warp > 0) return;
  loss = warp_sum(loss_sums[lane]);
  right = warp_sum(right_sums[lane]);
  if (lane == 0) {
    t.losses[0] = loss / n;
    t.losses[1] = right / n;
  }
}

}  // namespace

void softmax_loss(const SoftmaxLoss& loss, cudaStream_t stream) {
  launch({"softmax_loss", least_bytes(loss)}, softmax_loss_kernel, 1, threads, 0, stream, loss);
}

}  // namespace dcgan::DCGAN_TARGET
