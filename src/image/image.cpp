// PNG and JPEG in, PNG out.
#include "image/image.h"

#include <stb_image_write.h>

#include <algorithm>
#include <cmath>

#include "dcgan/error.h"
#include "image/decode.h"
#include "io/atomic_file.h"

namespace dcgan {
namespace {

bool begins_with(std::span<const std::uint8_t> file, std::initializer_list<std::uint8_t> bytes) {
  return file.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), file.begin());
}

}  // namespace

void check_size(std::size_t width, std::size_t height, std::size_t file_bytes,
                std::size_t most_pixels) {
  constexpr std::size_t limit = std::size_t{1} << 26;
  const std::string size = std::to_string(width) + "x" + std::to_string(height) + " pixels";
  if (width * height > limit)
    throw Error("a picture of " + size + " is larger than " + std::to_string(limit >> 20) +
                " megapixels; scale it down, or remove it");
  if (width * height > most_pixels)
    throw Error("damaged: " + std::to_string(file_bytes) + " bytes cannot hold its " + size +
                "; fetch it again, or remove it");
}

Image make_image(std::size_t width, std::size_t height, int channels) {
  return {static_cast<int>(width), static_cast<int>(height), channels,
          std::vector<std::uint8_t>(width * height * channels)};
}

std::vector<std::uint8_t> to_bytes(const std::vector<float>& values) {
  std::vector<std::uint8_t> bytes(values.size());
  std::transform(values.begin(), values.end(), bytes.begin(), [](float x) {
    const float level = std::isnan(x) ? 0.0F : std::clamp(x * 127.5F + 127.5F, 0.0F, 255.0F);
    return static_cast<std::uint8_t>(std::lround(level));
  });
  return bytes;
}

Image with_channels(const Image& image, int channels) {
  Image out = make_image(image.width, image.height, channels);
  const std::uint8_t* in = image.pixels.data();
  for (std::uint8_t* pixel = out.pixels.data(); pixel != out.pixels.data() + out.pixels.size();
       pixel += channels, in += image.channels) {
    if (image.channels == 1)
      std::fill_n(pixel, channels, *in);
    else
      *pixel = static_cast<std::uint8_t>((299 * in[0] + 587 * in[1] + 114 * in[2] + 500) / 1000);
  }
  return out;
}

Image decode_image(std::span<const std::uint8_t> file, const Decoding& how) {
  Image image;
  if (begins_with(file, {0xFF, 0xD8}))
    image = decode_jpeg(file, how);
  else if (begins_with(file, {0x89, 'P', 'N', 'G'}))
    image = decode_png(file, how);
  else
    throw Error("neither a PNG nor a JPEG; convert it, or remove it");
  const bool as_stored = how.channels == 0 || how.channels == image.channels;
  return as_stored ? image : with_channels(image, how.channels);
}

Image read_image(const std::string& path, const Decoding& how) {
  constexpr std::size_t most_bytes = 1 << 29;  // 64 megapixels of RGBA in 16 bits, unpacked
  const std::string file = read_file(path, most_bytes);
  try {
    return decode_image({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, how);
  } catch (const Error& e) {
    throw Error(path + ": " + e.what());
  }
}

void write_png(const std::string& path, const Image& image) {
  std::string file;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data),
                                          static_cast<std::size_t>(size));
  };
  if (!stbi_write_png_to_func(append, &file, image.width, image.height, image.channels,
                              image.pixels.data(), image.width * image.channels))
    throw Error(path + ": the picture cannot be encoded");
  write_file_atomically(path, file);
}

}  // namespace dcgan
