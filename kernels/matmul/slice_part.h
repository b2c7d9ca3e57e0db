// Which values of an operand's slice a thread brings to shared memory.
#pragma once
#include "kernels/device/thread.h"
#include "kernels/matmul/operands.h"

namespace dcgan::DCGAN_TARGET {

/// A thread's part of the slices [k, k + depth) x [0, extent) of an operand: `slots` times four
/// neighbours. Where they lie along k, the slots are lines that share a step; where they lie along
/// mn, steps that share a line. Along k, neighbouring threads take `rows` lines in turn, then the
/// same lines' next four neighbours.
template <class Operand, int extent, int depth, int threads, int rows>
class SlicePart {
 public:
  static constexpr bool along_k = Operand::neighbours == Neighbours::along_k;
  static constexpr int slots = extent * depth / 4 / threads;
  static constexpr int width = Operand::vec4 ? 4 : 1;  // of a load, in floats

  /// mn0: where the block's tile begins.
  __device__ SlicePart(const Operand& operand, int mn0) : operand_(operand) {
    DCGAN_UNROLL
    for (int i = 0; i < lines; ++i) lines_[i] = operand.line(mn0 + (along_k ? mn(i) : mn(0) + i));
  }

  /// Calls bring(s, i, data, offset, within) for each load of the slice that begins at k: slot s's
  /// four neighbours (i is 0) or, where they are loaded one by one, neighbour i, at data[offset] if
  /// `within`; otherwise zeros, as from k_end on.
  template <class Bring>
  __device__ __forceinline__ void visit(int k, int k_end, const Bring& bring) const {
    typename Operand::Place steps[along_k ? singles : slots];
    DCGAN_UNROLL
    for (int i = 0; i < (along_k ? singles : slots); ++i)
      steps[i] = operand_.step(k + (along_k ? this->k(0) + i : this->k(i)), k_end);
    DCGAN_UNROLL
    for (int s = 0; s < slots; ++s) {
      DCGAN_UNROLL
      for (int i = 0; i < singles; ++i) {
        const auto& line = lines_[along_k ? s : i];
        const auto& step = steps[along_k ? i : s];
        bring(s, i, operand_.data, line.offset + step.offset, operand_.inside(line, step));
      }
    }
  }

  /// Where slot s of this thread begins.
  static __device__ __forceinline__ int mn(int s) {
    const int thread = thread_index();
    if constexpr (along_k)
      return thread % rows + thread / (rows * groups) * rows + s * (threads / groups);
    else
      return thread % groups * 4;
  }
  static __device__ __forceinline__ int k(int s) {
    const int thread = thread_index();
    if constexpr (along_k)
      return thread / rows % groups * 4;
    else
      return thread / groups + s * (threads / groups);
  }

 private:
  static constexpr int singles = 4 / width;  // loads per slot
  static constexpr int lines = along_k ? slots : singles;
  // Groups of four along the neighbouring axis.
  static constexpr int groups = (along_k ? depth : extent) / 4;
  static_assert(extent * depth % (4 * threads) == 0, "each thread loads as much as the others");
  static_assert(threads % (along_k ? rows * groups : groups) == 0, "slots share a step or a line");

  const Operand& operand_;
  typename Operand::Place lines_[lines];
};

}  // namespace dcgan::DCGAN_TARGET
