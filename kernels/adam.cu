#include "kernels/adam.h"

#include <vector>

#include "kernels/device/parts.h"
#include "kernels/device/thread.h"

namespace dcgan::DCGAN_TARGET {
namespace {

constexpr int threads = 256, width = 4;
using P = Pack<width>;

/// Parameters of one network whose gradient is one array, or the sum of `parts` of n floats each.
struct Piece {
  unsigned first_block;
  int parts;
  std::int64_t n;
  const AdamFactors* factors;
  const float* gradient;
  float *m, *v, *parameter;
};

constexpr unsigned most_pieces = 32;
struct Pieces {
  Piece of[most_pieces];
  unsigned count;
};

/// The piece of a block: the last that does not begin after it.
__device__ __forceinline__ const Piece& piece_of(const Pieces& pieces, unsigned block) {
  unsigned at = 0;
  DCGAN_UNROLL
  for (unsigned step = most_pieces / 2; step > 0; step /= 2)
    if (at + step < pieces.count && pieces.of[at + step].first_block <= block) at += step;
  return pieces.of[at];
}

/// A thread owns four neighbours. No shared memory, no barrier.
__global__ void __launch_bounds__(threads) adam_kernel(const DCGAN_GRID_CONSTANT Pieces pieces) {
  wait_for_previous_launch();
  const Piece& piece = piece_of(pieces, blockIdx.x);
  const unsigned block = blockIdx.x - piece.first_block;
  const std::int64_t at = (static_cast<std::int64_t>(block) * threads + threadIdx.x) * width;
  if (at >= piece.n) return;
  const P of_step = P::load(&piece.factors->alpha);  // all four at once
  const AdamFactors f{of_step.value[0], of_step.value[1], of_step.value[2], of_step.value[3]};
  P g = P::load(piece.gradient + at);
  P m = P::load(piece.m + at), v = P::load(piece.v + at), w = P::load(piece.parameter + at);
  add_packs(g, piece.gradient + piece.n + at, piece.n, piece.parts - 1);
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    const float gi = g.value[i];
    m.value[i] += (gi - m.value[i]) * f.one_minus_beta1;
    v.value[i] += (gi * gi - v.value[i]) * f.one_minus_beta2;
    w.value[i] -= f.alpha * m.value[i] / (sqrtf(v.value[i]) + f.epsilon);
  }
  m.store(piece.m + at);
  v.store(piece.v + at);
  w.store(piece.parameter + at);
}

/// Adds a network's pieces: what lies between those in parts, and these.
void add_pieces(std::vector<Piece>& pieces, const AdamPart& of) {
  const auto add = [&](std::int64_t begin, std::int64_t n, const float* gradient, int parts) {
    if (n > 0)
      pieces.push_back(
          {0, parts, n, of.factors, gradient, of.m + begin, of.v + begin, of.parameter + begin});
  };
  std::int64_t done = 0;
  for (const GradientParts& p : of.in_parts) {
    add(done, p.offset - done, of.gradient + done, 1);
    add(p.offset, p.n, p.data, p.count);
    done = p.offset + p.n;
  }
  add(done, of.n - done, of.gradient + done, 1);
}

}  // namespace

void adam(const AdamStep& s, cudaStream_t stream) {
  std::vector<Piece> all;
  add_pieces(all, s.first);
  add_pieces(all, s.second);
  for (std::size_t next = 0; next < all.size();) {
    Pieces pieces{};
    unsigned blocks = 0;
    double bytes = 0;
    for (; next < all.size() && pieces.count < most_pieces; ++next) {
      Piece& piece = pieces.of[pieces.count++] = all[next];
      piece.first_block = blocks;
      blocks += blocks_for(piece.n, threads * width);
      bytes += 4.0 * static_cast<double>((6 + piece.parts) * piece.n);
    }
    launch({"adam", bytes}, adam_kernel, blocks, threads, 0, stream, pieces);
  }
}

}  // namespace dcgan::DCGAN_TARGET
