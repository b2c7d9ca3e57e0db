// What batch norm takes of a matrix beside it, made where the matrix is written: statistics of x
// and, on the way back, sums over dy. Kernels of their own make the same (batch_norm.cu).
#pragma once
#include "kernels/device/column_sums.h"
#include "kernels/finish.h"
#include "ops/batch_norm.h"

namespace dcgan::DCGAN_TARGET {

/// Of some rows: sums of x - origin and of its square. An origin near the mean keeps a large mean
/// from cancelling.
template <int width>
struct CentredSums {
  Pack<width> origin, sum, squares;

  __device__ __forceinline__ void add(const Pack<width>& x) {
    const Pack<width> d = x - origin;
    sum += d;
    squares.fma(d, d);
  }
  /// Of the same `rows` rows about another origin: what is then added to each x - origin is
  /// d = origin - other. sum' = sum + rows * d; squares' = squares + d * (sum + sum').
  __device__ __forceinline__ CentredSums about(const Pack<width>& other, float rows) const {
    const Pack<width> d = origin - other;
    CentredSums moved{other, sum, squares};
    moved.sum.fma(rows, d);
    Pack<width> both = sum;
    both += moved.sum;
    moved.squares.fma(d, both);
    return moved;
  }
};

/// Where a batch's statistics go: all [channels].
struct Statistics {
  explicit Statistics(const BatchNormStatistics& s)
      : mean(s.mean),
        inv_std(s.inv_std),
        moving_mean(s.moving_mean),
        moving_variance(s.moving_variance),
        momentum(s.shape.momentum),
        epsilon(s.shape.epsilon),
        inverse_rows(1.0 / static_cast<double>(s.shape.rows)) {}

  float *mean, *inv_std, *moving_mean, *moving_variance;
  float momentum, epsilon;
  double inverse_rows;

  /// Of a thread's columns, from the totals of x - origin and of its square.
  template <int width>
  __device__ __forceinline__ void write(const TwoTotals<width>& totals, const Pack<width>& origin,
                                        int column) const {
    Pack<width> centre, biased, inverse;
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {
      const double offset = totals.first.total(i) * inverse_rows;
      // The difference may cancel; float is enough for what remains.
      const float variance =
          static_cast<float>(totals.second.total(i) * inverse_rows - offset * offset);
      biased.value[i] = variance > 0 ? variance : 0;
      centre.value[i] = static_cast<float>(static_cast<double>(origin.value[i]) + offset);
      inverse.value[i] = 1 / sqrtf(biased.value[i] + epsilon);
    }
    centre.store(mean + column);
    inverse.store(inv_std + column);
    blend(moving_mean + column, centre);
    blend(moving_variance + column, biased);
  }

 private:
  /// moving = moving * momentum + value * (1 - momentum)
  template <int width>
  __device__ __forceinline__ void blend(float* moving, const Pack<width>& value) const {
    Pack<width> blended = Pack<width>::load(moving);
    const float take = 1 - momentum;
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i)
      blended.value[i] = blended.value[i] * momentum + value.value[i] * take;
    blended.store(moving);
  }
};

/// dbeta, the totals of g, and dgamma, those of g * xhat.
template <int width>
__device__ __forceinline__ void write_gradients(const TwoTotals<width>& totals, int column,
                                                float* dgamma, float* dbeta) {
  Pack<width> of_beta, of_gamma;
  DCGAN_UNROLL
  for (int i = 0; i < width; ++i) {
    of_beta.value[i] = static_cast<float>(totals.first.total(i));
    of_gamma.value[i] = static_cast<float>(totals.second.total(i));
  }
  of_beta.store(dbeta + column);
  of_gamma.store(dgamma + column);
}

/// x = z + bias, and the statistics of x. scratch: beside the sums an origin of each column and
/// tile and, for each tile along n, the rows of those along m.
struct StatisticsFinish : SumsColumns {
  static constexpr int column_sums = 2;
  static constexpr bool has_origin = true;

  StatisticsFinish(const BatchNormStatistics& of, const float* bias_, const SumsColumns& sums)
      : SumsColumns(sums), bias(bias_), to(of) {}

  const float* bias;  // [columns], or null
  Statistics to;

  template <int width>
  struct OfColumns {
    Pack<width> bias, origin, sums[2];

    __device__ __forceinline__ Pack<width> x(Pack<width> z) const {
      z += bias;
      return z;
    }
  };

  template <int width>
  __device__ __forceinline__ OfColumns<width> of_columns(int column) const {
    return {bias ? Pack<width>::load(bias + column) : Pack<width>{}, {}, {}};
  }
  template <int width>
  __device__ __forceinline__ Pack<width> apply(const Pack<width>& z, OfColumns<width>& of,
                                               int) const {
    const Pack<width> x = of.x(z), d = x - of.origin;
    of.sums[0] += d;
    of.sums[1].fma(d, d);
    return x;
  }
  __device__ __forceinline__ bool wants_sums() const { return true; }
  /// Rows of the tiles along m, in the place of this block's tile along n.
  __device__ __forceinline__ float* rows_of_tiles(int tiles) const {
    return scratch.floats + 3 * std::int64_t{tiles} * columns + blockIdx.y * tiles;
  }
  /// Of BackwardFinish. Barriers: those of add_up_lanes, and one between the two sums.
  template <class Shared>
  __device__ __forceinline__ void write_totals(const ColumnWalk& walk, const ColumnPlace& at,
                                               Shared& shared) const {
    struct Part {
      CentredSums<4> sums;
      float rows;
    };
    const std::int64_t plane = std::int64_t{walk.parts} * columns;
    const float *sums = scratch.floats + at.column, *rows = rows_of_tiles(walk.parts);
    const auto load = [&](int part) {
      const float* from = sums + std::int64_t{part} * columns;
      return Part{
          {Pack<4>::load(from + 2 * plane), Pack<4>::load(from), Pack<4>::load(from + plane)},
          rows[part]};
    };
    TwoTotals<4> totals{{}, {}, at.row_lane == 0 && at.inside};
    Pack<4> origin{};  // the first tile's
    if (at.inside) origin = Pack<4>::load(sums + 2 * plane);
    walk_rows<2>(walk, place_in_parts(walk, at), load, [&](int, const Part& part) {
      const CentredSums<4> moved = part.sums.about(origin, part.rows);
      totals.first.add(moved.sum);
      totals.second.add(moved.squares);
    });
    add_up_lanes(walk, at, totals.first, shared);
    __syncthreads();  // all lanes' sums are read
    add_up_lanes(walk, at, totals.second, shared);
    if (totals.mine) to.write(totals, origin, at.column);
  }
};

/// dy as it is, and the sums over its rows of g = dy * leaky'(y) and of g * xhat.
struct BatchNormSumsFinish : SumsColumns {
  static constexpr int column_sums = 2;
  static constexpr bool has_origin = false;

  BatchNormSumsFinish(const BatchNormSums& of, const SumsColumns& sums)
      : SumsColumns(sums),
        x(of.x),
        y(of.y),
        mean(of.mean),
        inv_std(of.inv_std),
        slope(of.shape.negative_slope()),
        dgamma(of.dgamma),
        dbeta(of.dbeta) {}

  const float *x, *y, *mean, *inv_std;
  float slope;
  float *dgamma, *dbeta;

  template <int width>
  struct OfColumns {
    Pack<width> mean, sums[2];  // of g and of g * (x - mean)
  };

  template <int width>
  __device__ __forceinline__ OfColumns<width> of_columns(int column) const {
    return {Pack<width>::load(mean + column), {}};
  }
  template <int width>
  __device__ __forceinline__ Pack<width> apply(const Pack<width>& dy, OfColumns<width>& of,
                                               int index) const {
    const auto at_x = Pack<width>::load(x + index), at_y = Pack<width>::load(y + index);
    DCGAN_UNROLL
    for (int i = 0; i < width; ++i) {
      const float g = at_y.value[i] > 0 ? dy.value[i] : dy.value[i] * slope;
      of.sums[0].value[i] += g;
      of.sums[1].value[i] = fmaf(g, at_x.value[i] - of.mean.value[i], of.sums[1].value[i]);
    }
    return dy;
  }
  __device__ __forceinline__ bool wants_sums() const { return true; }
  /// Of BackwardFinish. Barriers: those of add_up_two_parts.
  template <class Shared>
  __device__ __forceinline__ void write_totals(const ColumnWalk& walk, const ColumnPlace& at,
                                               Shared& shared) const {
    auto totals = add_up_two_parts<4>(walk, at, scratch.floats, shared);
    if (!totals.mine) return;
    const auto scale = Pack<4>::load(inv_std + at.column);
    totals.second.sum = totals.second.sum * scale;
    totals.second.lost = totals.second.lost * scale;
    write_gradients(totals, at.column, dgamma, dbeta);
  }
};

}  // namespace dcgan::DCGAN_TARGET
