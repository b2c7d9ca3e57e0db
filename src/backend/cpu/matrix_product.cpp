// a is packed first, four rows side by side: [rows / 4][depth][4], the last rows filled up with
// zeros. Then a panel of b, a few vectors of columns wide and a slice of the depth deep, is packed
// too, so that it stays in the first cache while all rows meet it. The inner loop keeps some rows
// times the panel's vectors of sums in registers; per step of the depth each packed entry of a is
// broadcast and meets the vectors of b.
//
// A value of c is the sum over slices of sums over the slice's steps. How rows and columns are
// dealt out has no part in it.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/matrix_product.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>
#include <omp.h>

#include <algorithm>

#include "backend/cpu/epilogue-inl.h"
#include "backend/cpu/matrix_product.h"
#include "backend/cpu/vectors-inl.h"

#ifndef DCGAN_MATRIX_PRODUCT
#define DCGAN_MATRIX_PRODUCT
namespace dcgan::cpu {

constexpr std::int64_t group = 4;  // lines that are packed side by side
constexpr std::int64_t most_slice = 256;

/// Rows [first_group * group, last_group * group) of a panel that begins at `column`.
struct ProductTask {
  std::int64_t first_group, last_group, column;
};

}  // namespace dcgan::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace dcgan::cpu::HWY_NAMESPACE {

// Sums (rows * vectors), a step's vectors of b and a broadcast fill the registers but a few.
constexpr int most_groups = registers == 32 ? 3 : 1;
#if HWY_TARGET == HWY_SCALAR
constexpr int panel_vectors = group;  // a panel is made of packed groups
#else
constexpr int panel_vectors = registers == 32 ? 2 : 3;
#endif

std::int64_t PanelColumns() { return panel_vectors * static_cast<std::int64_t>(hn::Lanes(D())); }

/// out [depth][group], aligned: entry (i, k) of a matrix with (0, 0) at p, its lines `line` floats
/// apart and its steps `step`, one of which is 1. Lines from `lines` on are zeros.
HWY_INLINE void pack_lines(const float* p, std::int64_t line, std::int64_t step, std::int64_t lines,
                           std::int64_t depth, float* out) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t k = 0;
  if (step == 1 && lines >= group) {
    const auto load = [&](int i) HWY_ATTR { return hn::LoadU(d, p + i * line + k); };
    for (; k + lanes <= depth; k += lanes)
      hn::StoreInterleaved4(load(0), load(1), load(2), load(3), d, out + k * group);
  } else if (lines >= group) {
    const hn::CappedTag<float, group> four;
    for (; k < depth; ++k)
      for (std::size_t i = 0; i < group; i += hn::Lanes(four))
        hn::Store(hn::LoadU(four, p + k * step + i), four, out + k * group + i);
  }
  for (; k < depth; ++k)
    for (std::int64_t i = 0; i < group; ++i)
      out[k * group + i] = i < lines ? p[i * line + k * step] : 0;
}

/// Groups [first, last) of a.
void PackRows(const MatrixProduct& p, std::int64_t first, std::int64_t last, float* packed) {
  for (std::int64_t g = first; g < last; ++g)
    pack_lines(p.a.data + g * group * p.a.row, p.a.row, p.a.column, p.rows - g * group, p.depth,
               packed + g * p.depth * group);
}

/// Steps [k0, k0 + depth) of the `columns` from `column` on: [k][PanelColumns()], filled up with
/// zeros.
void pack_panel(const Matrix& b, std::int64_t column, std::int64_t columns, std::int64_t k0,
                std::int64_t depth, float* panel) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t width = PanelColumns();
  const float* from = b.data + k0 * b.row + column * b.column;
  if (b.column == 1) {
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t i = 0; i < width; i += lanes)
        hn::Store(load_first(d, from + k * b.row + i, columns - i), d, panel + k * width + i);
    return;
  }
  const hn::CappedTag<float, group> d4;
  HWY_ALIGN float four[most_slice * group];
  for (std::int64_t i = 0; i < width; i += group) {
    pack_lines(from + i * b.column, b.column, b.row, columns - i, depth, four);
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::size_t j = 0; j < group; j += hn::Lanes(d4))
        hn::StoreU(hn::Load(d4, four + k * group + j), d4,
                   panel + k * width + i + static_cast<std::int64_t>(j));
  }
}

/// c += or = packed rows of `groups` groups times the panel; only `rows` and `columns` of it are
/// there. `a`: at the slice's first step.
template <int groups, int vectors>
HWY_INLINE void tile(const float* a, std::int64_t a_group, const float* panel, std::int64_t depth,
                     bool accumulate, std::int64_t rows, std::int64_t columns, float* c,
                     std::int64_t c_row) {
  const D d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  V sum[groups * group][vectors];
  HWY_UNROLL(16)
  for (int r = 0; r < groups * group; ++r) HWY_UNROLL(4)
  for (int n = 0; n < vectors; ++n) sum[r][n] = hn::Zero(d);
  for (std::int64_t k = 0; k < depth; ++k, a += group, panel += panel_vectors * lanes) {
    V b[vectors];
    HWY_UNROLL(4)
    for (int n = 0; n < vectors; ++n) b[n] = hn::Load(d, panel + n * lanes);
    HWY_UNROLL(16)
    for (int r = 0; r < groups * group; ++r) {
      const V entry = hn::Set(d, a[r / group * a_group + r % group]);
      HWY_UNROLL(4)
      for (int n = 0; n < vectors; ++n) sum[r][n] = hn::MulAdd(entry, b[n], sum[r][n]);
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < groups * group; ++r) {
    if (r >= rows) break;
    HWY_UNROLL(4)
    for (int n = 0; n < vectors; ++n) {
      float* at = c + r * c_row + n * lanes;
      const std::int64_t left = columns - n * lanes;
      store_first(d, accumulate ? hn::Add(sum[r][n], load_first(d, at, left)) : sum[r][n], at,
                  left);
    }
  }
}

/// The same for groups <= most_groups, and with as many of the panel's vectors as have columns.
template <int groups = most_groups, int vectors = panel_vectors>
HWY_INLINE void tile_of(std::int64_t rows, std::int64_t columns, const float* a,
                        std::int64_t a_group, const float* panel, std::int64_t depth,
                        bool accumulate, float* c, std::int64_t c_row) {
  if constexpr (vectors > 1)
    if (columns <= (vectors - 1) * static_cast<std::int64_t>(hn::Lanes(D())))
      return tile_of<groups, vectors - 1>(rows, columns, a, a_group, panel, depth, accumulate, c,
                                          c_row);
  if constexpr (groups > 1)
    if (rows <= (groups - 1) * group)
      return tile_of<groups - 1, vectors>(rows, columns, a, a_group, panel, depth, accumulate, c,
                                          c_row);
  tile<groups, vectors>(a, a_group, panel, depth, accumulate, rows, columns, c, c_row);
}

void finish_tile(const MatrixProduct& p, std::int64_t row, std::int64_t rows, std::int64_t column,
                 std::int64_t columns) {
  const bool drops = p.epilogue.dropout_rate > 0 && p.keep;
  with_activation(p.epilogue.activation, [&](auto activation) HWY_ATTR {
    for (std::int64_t r = row; r < row + rows; ++r) {
      const std::int64_t at = r * p.columns + column;
      finish<activation>(p.epilogue, p.epilogue.bias ? p.bias + column : nullptr, true,
                         drops ? p.keep + at : nullptr, columns, p.c + at);
    }
  });
}

void RunTask(const MatrixProduct& p, const ProductTask& task, const float* packed) {
  HWY_ALIGN float panel[most_slice * panel_vectors * hn::MaxLanes(D())];
  const std::int64_t slices = (p.depth + most_slice - 1) / most_slice;
  const std::int64_t columns = std::min(p.columns - task.column, PanelColumns());
  for (std::int64_t s = 0; s < slices; ++s) {
    const std::int64_t k0 = p.depth * s / slices, depth = p.depth * (s + 1) / slices - k0;
    pack_panel(p.b, task.column, columns, k0, depth, panel);
    for (std::int64_t g = task.first_group; g < task.last_group; g += most_groups) {
      const std::int64_t groups = std::min<std::int64_t>(most_groups, task.last_group - g);
      const std::int64_t row = g * group, rows = std::min(groups * group, p.rows - row);
      tile_of(rows, columns, packed + (g * p.depth + k0) * group, p.depth * group, panel, depth,
              s > 0, p.c + row * p.columns + task.column, p.columns);
      if (s + 1 == slices && p.epilogue.does_something())
        finish_tile(p, row, rows, task.column, columns);
    }
  }
}

}  // namespace dcgan::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dcgan::cpu {
namespace {

HWY_EXPORT(PanelColumns);
HWY_EXPORT(PackRows);
HWY_EXPORT(RunTask);

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Into how many parts the rows are cut. Each part packs all panels of b; where a thread has parts
/// of its own it alone packs and reads their rows, which need not come from another core's cache.
std::int64_t row_parts(std::int64_t groups, std::int64_t panels, std::int64_t threads) {
  constexpr double pack_cost = 2, foreign_rows = 1.2;  // in groups of rows that meet a panel
  std::int64_t best = 1;
  double least = 1e30;
  for (std::int64_t parts = 1; parts <= std::min(groups, 2 * threads); ++parts) {
    const double rows = static_cast<double>(ceil_div(groups, parts));
    const double cost = static_cast<double>(ceil_div(parts * panels, threads)) *
                        (pack_cost + rows * (parts % threads == 0 ? 1 : foreign_rows));
    if (cost < least) least = cost, best = parts;
  }
  return best;
}

}  // namespace

std::int64_t product_scratch_floats(std::int64_t rows, std::int64_t depth) {
  return ceil_div(rows, group) * group * depth;
}

void multiply(const MatrixProduct& p, float* scratch) {
  const std::int64_t groups = ceil_div(p.rows, group);
  const std::int64_t width = HWY_DYNAMIC_DISPATCH(PanelColumns)();
  const std::int64_t panels = ceil_div(p.columns, width);
  const std::int64_t parts = row_parts(groups, panels, omp_get_max_threads());
  const std::int64_t tasks = parts * panels;
#pragma omp parallel
  {
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const auto share = [&](std::int64_t n, std::int64_t t) { return n * t / threads; };
    HWY_DYNAMIC_DISPATCH(PackRows)(p, share(groups, thread), share(groups, thread + 1), scratch);
    if (parts != threads) {  // else a thread's tasks are of the rows that it has packed
#pragma omp barrier
    }
    for (std::int64_t task = share(tasks, thread); task < share(tasks, thread + 1); ++task) {
      const std::int64_t part = task / panels;
      HWY_DYNAMIC_DISPATCH(RunTask)
      (p, {groups * part / parts, groups * (part + 1) / parts, task % panels * width}, scratch);
    }
  }
}

}  // namespace dcgan::cpu
#endif  // HWY_ONCE
