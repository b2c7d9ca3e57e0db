#include "data/fitting.h"

#include <stb_image_resize.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dcgan/error.h"
#include "image/image.h"
#include "io/size_text.h"

namespace dcgan {
namespace {

/// The first byte of a window in the middle of an image.
std::size_t middle(int width, int height, int inner_width, int inner_height, int channels) {
  return (static_cast<std::size_t>(height - inner_height) / 2 * static_cast<std::size_t>(width) +
          static_cast<std::size_t>(width - inner_width) / 2) *
         static_cast<std::size_t>(channels);
}

}  // namespace

std::uint8_t background(const Config& config) { return config.background == "white" ? 255 : 0; }

bool write_fitted(const Image& picture, const std::string& fit, int size, std::uint8_t* out) {
  const int shorter = std::min(picture.width, picture.height);
  const int longer = std::max(picture.width, picture.height);
  int width = picture.width, height = picture.height;  // of what is taken of it
  int out_width = size, out_height = size;             // of where that is written
  if (fit == "crop") width = height = shorter;
  if (fit == "pad") {
    const auto scaled = [&](int side) {
      return std::max(1, static_cast<int>((std::int64_t{2} * size * side + longer) / (2 * longer)));
    };
    out_width = scaled(width);
    out_height = scaled(height);
  }
  const int channels = picture.channels;
  return stbir_resize_uint8(
      picture.pixels.data() + middle(picture.width, picture.height, width, height, channels), width,
      height, picture.width * channels, out + middle(size, size, out_width, out_height, channels),
      out_width, out_height, size * channels, channels);
}

void check_fits(std::int64_t count, int size, int channels, std::uint64_t most_bytes) {
  const std::uint64_t each = std::uint64_t(size) * size * channels;
  if (static_cast<std::uint64_t>(count) <= most_bytes / each) return;
  const std::string square = std::to_string(size) + "x" + std::to_string(size);
  throw Error(std::to_string(count) + " pictures of " + square + "x" + std::to_string(channels) +
              " take " + gib_text(static_cast<std::uint64_t>(count) * each) +
              ", but no more than " + gib_text(most_bytes) +
              " of this machine's memory can be had for them: take fewer, or a preset of smaller "
              "ones");
}

void fit(Dataset& data, int size, int channels, const Config& config, std::uint64_t most_bytes) {
  if (data.height == size && data.width == size && data.channels == channels) return;
  check_fits(data.count, size, channels, most_bytes);
  const bool as_it_is =  // in a frame
      config.fit == "pad" && data.width <= size && data.height <= size;
  Dataset fitted = data;
  fitted.height = fitted.width = size;
  fitted.channels = channels;
  fitted.pixels.assign(static_cast<std::size_t>(data.count) * fitted.image_bytes(),
                       background(config));
  for (std::int64_t i = 0; i < data.count; ++i) {
    const std::uint8_t* pixels = data.image(i);
    Image picture{data.width, data.height, data.channels, {pixels, pixels + data.image_bytes()}};
    // Resized as grey where that is asked for: a third of the work.
    if (picture.channels != channels) picture = with_channels(picture, channels);
    std::uint8_t* out = fitted.pixels.data() + static_cast<std::size_t>(i) * fitted.image_bytes();
    if (as_it_is) {
      const std::size_t row = static_cast<std::size_t>(data.width) * channels;
      out += middle(size, size, data.width, data.height, channels);
      for (int y = 0; y < data.height; ++y, out += std::size_t(size) * channels)
        std::copy_n(picture.pixels.data() + static_cast<std::size_t>(y) * row, row, out);
    } else if (!write_fitted(picture, config.fit, size, out)) {
      throw Error(data.name + ": its images cannot be resized");
    }
  }
  data = std::move(fitted);
}

bool is_grey(const Dataset& data) {
  if (data.channels == 1) return true;
  for (std::size_t i = 0; i < data.pixels.size(); i += 3)
    if (data.pixels[i] != data.pixels[i + 1] || data.pixels[i] != data.pixels[i + 2]) return false;
  return true;
}

}  // namespace dcgan
