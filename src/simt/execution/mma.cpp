#include "simt/execution/mma.h"

namespace simt {
namespace {

/// Calls f(register, row, column) for `count` registers of a lane, whose row and column in the
/// matrix `place` tells.
template <class Place, class F>
void for_fragments(int count, const Place& place, const F& f) {
  for (int lane = 0; lane < warp_size; ++lane)
    for (int r = 0; r < count; ++r) {
      const auto [row, column] = place(lane / 4, lane % 4, r);
      f(lane, r, row, column);
    }
}

struct Entry {
  int row, column;
};
// Of register r of a lane: `group` is its number / 4, `in_group` its number % 4.
constexpr Entry of_a(int group, int in_group, int r) {
  return {group + r % 2 * 8, in_group + r / 2 * 4};
}
constexpr Entry of_b(int group, int in_group, int r) { return {in_group + r * 4, group}; }
constexpr Entry of_c(int group, int in_group, int r) {
  return {group + r / 2 * 8, in_group * 2 + r % 2};
}

}  // namespace

void add_products(const std::array<const MmaFragments*, warp_size>& lanes) {
  const auto of = [&](int lane) -> const MmaFragments& {
    return *lanes[static_cast<std::size_t>(lane)];
  };
  const int rows = of(0).rows, columns = of(0).columns;
  typedef float Eight __attribute__((vector_size(32)));  // a row of B or C
  float a[16][8];
  Eight b[8], c[16];
  for (int i = 0; i < rows; ++i) {
    for_fragments(4, of_a, [&](int lane, int r, int row, int column) {
      a[row][column] = of(lane).a[4 * i + r];
    });
    for (int j = 0; j < columns; ++j) {
      const int tile = 4 * (i * columns + j);
      for_fragments(2, of_b, [&](int lane, int r, int row, int column) {
        b[row][column] = of(lane).b[2 * j + r];
      });
      for_fragments(4, of_c, [&](int lane, int r, int row, int column) {
        c[row][column] = of(lane).c[tile + r];
      });
      for (int m = 0; m < 16; ++m)
        for (int k = 0; k < 8; ++k) c[m] += a[m][k] * b[k];
      for_fragments(4, of_c, [&](int lane, int r, int row, int column) {
        of(lane).c[tile + r] = c[row][column];
      });
    }
  }
}

}  // namespace simt
