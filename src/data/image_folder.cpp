// Pictures of any size from a folder, as RGB of one size.
#include <spdlog/spdlog.h>
#include <stb_image_resize.h>

#include <algorithm>
#include <filesystem>

#include "data/picture_files.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "image/image.h"
#include "io/progress.h"
#include "io/visible.h"

namespace dcgan {
namespace {

constexpr int rgb = 3;

bool legacy(const Config& config) { return config.fit == "legacy"; }

std::uint8_t background(const Config& config) { return config.background == "white" ? 255 : 0; }

Decoding decoding(const Config& config, int size) {
  if (legacy(config)) return {.channels = rgb, .background = -1, .upright = false};
  return {.channels = rgb, .background = background(config), .least_side = size};
}

/// Writes the picture into size x size pixels of background: its centre, all of it, or all of it
/// squeezed.
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
  // The first byte of a window in the middle of an image.
  const auto middle = [](int all_width, int all_height, int inner_width, int inner_height) {
    return (std::size_t(all_height - inner_height) / 2 * all_width +
            std::size_t(all_width - inner_width) / 2) *
           rgb;
  };
  return stbir_resize_uint8(
      picture.pixels.data() + middle(picture.width, picture.height, width, height), width, height,
      picture.width * rgb, out + middle(size, size, out_width, out_height), out_width, out_height,
      size * rgb, rgb);
}

}  // namespace

Dataset read_image_folder(const std::string& directory, int size, const Config& config) {
  Dataset data;
  data.name = name_of(directory);
  data.place = std::filesystem::absolute(directory).lexically_normal().string();
  data.height = data.width = size;
  data.channels = rgb;
  auto [paths, ignored] = find_pictures(directory);
  data.pixels.reserve(paths.size() * data.image_bytes());
  Progress progress("pictures read", paths.size());
  std::int64_t damaged = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::size_t end = data.pixels.size();
    try {
      const Image picture = read_image(paths[i], decoding(config, size));
      data.pixels.resize(end + data.image_bytes(), background(config));
      if (!write_fitted(picture, config.fit, size, data.pixels.data() + end))
        throw Error(paths[i] + ": cannot be resized");
      ++data.count;
    } catch (const Error& e) {
      data.pixels.resize(end);
      constexpr int most_named = 20;
      if (++damaged <= most_named) spdlog::warn("skipped: {}", visible(e.what()));
    }
    progress.done(i + 1);
  }
  if (damaged > 0) ignored["damaged"] = damaged;
  if (data.count == 0)
    throw Error(directory + ": no PNG or JPEG picture in it can be read (" +
                (ignored.empty() ? "it is empty" : "found: " + to_string(ignored)) +
                "); name the folder that has them with --data DIR");
  if (!ignored.empty())
    spdlog::info("{}: pictures read: {}; ignored: {}", data.name, data.count, to_string(ignored));
  return data;
}

}  // namespace dcgan
