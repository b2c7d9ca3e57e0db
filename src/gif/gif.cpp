// Animated GIFs by giflib. Grey frames keep all 256 levels; colours go to a 6x7x6 cube with ordered
// dithering.
#include "gif/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "dcgan/error.h"
#include "io/atomic_file.h"

namespace dcgan {
namespace {

constexpr int red_levels = 6, green_levels = 7, blue_levels = 6;

int append(GifFileType* gif, const GifByteType* data, int size) {
  static_cast<std::string*>(gif->UserData)
      ->append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  return size;
}

std::array<GifColorType, 256> palette(int channels) {
  std::array<GifColorType, 256> colours{};
  for (int i = 0; i < 256; ++i) {
    const auto grey = static_cast<GifByteType>(i);
    colours[static_cast<std::size_t>(i)] = {grey, grey, grey};
  }
  if (channels == 1) return colours;
  const auto level = [](int i, int levels) {
    return static_cast<GifByteType>((i * 255 + (levels - 1) / 2) / (levels - 1));
  };
  for (int i = 0; i < red_levels * green_levels * blue_levels; ++i)
    colours[static_cast<std::size_t>(i)] = {level(i / (green_levels * blue_levels), red_levels),
                                            level(i / blue_levels % green_levels, green_levels),
                                            level(i % blue_levels, blue_levels)};
  return colours;
}

/// Bayer's 4x4 thresholds, in (0, 1).
double threshold(int x, int y) {
  constexpr int bayer[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
  return (bayer[y % 4][x % 4] + 0.5) / 16;
}

std::vector<GifByteType> indices(const Image& frame) {
  if (frame.channels == 1) return frame.pixels;
  std::vector<GifByteType> out(std::size_t(frame.width) * frame.height);
  for (int y = 0; y < frame.height; ++y)
    for (int x = 0; x < frame.width; ++x) {
      const std::size_t at = std::size_t(y) * frame.width + x;
      const std::uint8_t* rgb = &frame.pixels[3 * at];
      const auto quantise = [&](int value, int levels) {
        const double exact = value / 255.0 * (levels - 1);
        return std::min(static_cast<int>(exact + threshold(x, y)), levels - 1);
      };
      out[at] = static_cast<GifByteType>(
          (quantise(rgb[0], red_levels) * green_levels + quantise(rgb[1], green_levels)) *
              blue_levels +
          quantise(rgb[2], blue_levels));
    }
  return out;
}

}  // namespace

void write_gif(const std::string& path, const std::vector<Image>& frames, int delay_ms) {
  if (frames.empty()) throw Error(path + ": a GIF without frames");
  const Image& first = frames.front();
  for (const Image& frame : frames)
    if (frame.width != first.width || frame.height != first.height ||
        frame.channels != first.channels)
      throw Error(path + ": the frames of a GIF have different sizes");

  std::string file;
  int error = 0;
  GifFileType* gif = EGifOpen(&file, append, &error);
  if (!gif) throw Error(path + ": " + GifErrorString(error));
  const auto check = [&](int status) {
    if (status == GIF_OK) return;
    const std::string reason = GifErrorString(gif->Error) ? GifErrorString(gif->Error) : "failed";
    EGifCloseFile(gif, nullptr);
    throw Error(path + ": " + reason);
  };
  EGifSetGifVersion(gif, true);
  const auto colours = palette(first.channels);
  const std::unique_ptr<ColorMapObject, void (*)(ColorMapObject*)> map(
      GifMakeMapObject(256, colours.data()), GifFreeMapObject);
  check(EGifPutScreenDesc(gif, first.width, first.height, 8, 0, map.get()));
  const GifByteType forever[3] = {1, 0, 0};
  check(EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE));
  check(EGifPutExtensionBlock(gif, 11, "NETSCAPE2.0"));
  check(EGifPutExtensionBlock(gif, 3, forever));
  check(EGifPutExtensionTrailer(gif));
  for (const Image& frame : frames) {
    GraphicsControlBlock control{};
    control.DisposalMode = DISPOSE_DO_NOT;
    control.DelayTime = delay_ms / 10;
    control.TransparentColor = NO_TRANSPARENT_COLOR;
    GifByteType bytes[4];
    const std::size_t size = EGifGCBToExtension(&control, bytes);
    check(EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(size), bytes));
    check(EGifPutImageDesc(gif, 0, 0, frame.width, frame.height, false, nullptr));
    std::vector<GifByteType> pixels = indices(frame);
    for (int y = 0; y < frame.height; ++y)
      check(EGifPutLine(gif, &pixels[std::size_t(y) * frame.width], frame.width));
  }
  if (EGifCloseFile(gif, &error) != GIF_OK) throw Error(path + ": " + GifErrorString(error));
  write_file_atomically(path, file);
}

}  // namespace dcgan
