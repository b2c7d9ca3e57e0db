// 256 possible values: a table has them exactly as (u8 - 127.5) / 127.5 in float gives them.
#include "backend/cpu/gather.h"

#include <array>

#include "kernels/philox.h"

namespace dcgan::cpu {
namespace {

std::array<float, 256> normalised_levels() {
  std::array<float, 256> table{};
  for (std::size_t p = 0; p < table.size(); ++p)
    table[p] = (static_cast<float>(p) - 127.5F) / 127.5F;
  return table;
}

const std::array<float, 256> level = normalised_levels();

}  // namespace

void gather(const GatherBatch& b, float* out) {
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < b.batch; ++i) {
    const std::uint64_t index = shuffled_index(b.shuffle.seed, b.shuffle.stream, b.shuffle.step,
                                               static_cast<std::uint64_t>(b.first + i),
                                               static_cast<std::uint64_t>(b.count));
    const std::uint8_t* pixels = b.pixels + static_cast<std::int64_t>(index) * b.image_size;
    for (std::int64_t p = 0; p < b.image_size; ++p) out[i * b.image_size + p] = level[pixels[p]];
  }
}

}  // namespace dcgan::cpu
