// Median cut: the colours lie in boxes; that with the greatest squared error is cut in two, until
// there are 256. Greys have boxes of their own, so that the mean of each is a grey. All sums are
// whole numbers: the palette does not depend on the order in which they are taken.
#include "gif/palette.h"

#include <algorithm>
#include <cstddef>

namespace dcgan {
namespace {

constexpr std::size_t most_colours = 256;

struct Colour {
  std::array<std::uint8_t, 3> rgb{};
  std::size_t first = 0, last = 0;  ///< its pixels among those sorted by colour
};

/// The colours from first to last, and what their pixels sum up to.
struct Box {
  std::size_t first = 0, last = 0;
  std::uint64_t pixels = 0;
  std::array<std::uint64_t, 3> sum{}, squares{};

  Box(const std::vector<Colour>& colours, std::size_t from, std::size_t to)
      : first(from), last(to) {
    for (std::size_t i = first; i < last; ++i) {
      const std::uint64_t n = colours[i].last - colours[i].first;
      pixels += n;
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint64_t value = colours[i].rgb[c];
        sum[c] += n * value;
        squares[c] += n * value * value;
      }
    }
  }
  /// The squared error of one channel if all its pixels get the mean.
  double error(std::size_t channel) const {
    const auto s = static_cast<double>(sum[channel]);
    return static_cast<double>(squares[channel]) - s * s / static_cast<double>(pixels);
  }
  /// 0 of a single colour, which is not to be cut.
  double error() const { return last - first > 1 ? error(0) + error(1) + error(2) : 0; }
  std::array<std::uint8_t, 3> mean() const {
    std::array<std::uint8_t, 3> rgb{};
    for (std::size_t c = 0; c < 3; ++c)
      rgb[c] = static_cast<std::uint8_t>((sum[c] + pixels / 2) / pixels);
    return rgb;
  }
};

bool is_grey(const Colour& colour) {
  return colour.rgb[0] == colour.rgb[1] && colour.rgb[1] == colour.rgb[2];
}

/// Cuts where the error is greatest, at the mean: some colours are on either side.
std::array<Box, 2> cut(const Box& box, std::vector<Colour>& colours) {
  std::size_t widest = 0;
  for (std::size_t c = 1; c < 3; ++c)
    if (box.error(c) > box.error(widest)) widest = c;
  const auto begin = colours.begin();
  const auto middle = std::partition(
      begin + static_cast<std::ptrdiff_t>(box.first), begin + static_cast<std::ptrdiff_t>(box.last),
      [&](const Colour& colour) { return colour.rgb[widest] * box.pixels <= box.sum[widest]; });
  const auto at = static_cast<std::size_t>(middle - begin);
  return {Box(colours, box.first, at), Box(colours, at, box.last)};
}

std::vector<Box> cut_all(std::vector<Colour>& colours) {
  const auto greys = static_cast<std::size_t>(
      std::partition(colours.begin(), colours.end(), is_grey) - colours.begin());
  std::vector<Box> boxes;
  if (greys > 0) boxes.emplace_back(colours, 0, greys);
  if (greys < colours.size()) boxes.emplace_back(colours, greys, colours.size());
  while (boxes.size() < most_colours) {
    const auto worst = std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) {
      return a.error() < b.error();
    });
    if (worst == boxes.end() || worst->error() <= 0) break;
    const std::array<Box, 2> halves = cut(*worst, colours);
    *worst = halves[0];
    boxes.push_back(halves[1]);
  }
  return boxes;
}

}  // namespace

ReducedColours reduce_colours(std::span<const std::uint8_t> rgb) {
  std::vector<std::uint64_t> pixels(rgb.size() / 3);  // colour, then place
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = std::uint64_t{rgb[3 * i]} << 56 | std::uint64_t{rgb[3 * i + 1]} << 48 |
                std::uint64_t{rgb[3 * i + 2]} << 40 | i;
  std::sort(pixels.begin(), pixels.end());
  std::vector<Colour> colours;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (i == 0 || pixels[i] >> 40 != pixels[i - 1] >> 40)
      colours.push_back({{static_cast<std::uint8_t>(pixels[i] >> 56),
                          static_cast<std::uint8_t>(pixels[i] >> 48 & 0xff),
                          static_cast<std::uint8_t>(pixels[i] >> 40 & 0xff)},
                         i,
                         i});
    colours.back().last = i + 1;
  }
  ReducedColours out;
  out.indices.resize(pixels.size());
  for (const Box& box : cut_all(colours)) {
    for (std::size_t i = box.first; i < box.last; ++i)
      for (std::size_t k = colours[i].first; k < colours[i].last; ++k)
        out.indices[pixels[k] & ((std::uint64_t{1} << 40) - 1)] =
            static_cast<std::uint8_t>(out.palette.size());
    out.palette.push_back(box.mean());
  }
  return out;
}

}  // namespace dcgan
