// PNG and JPEG in, PNG out.
#include "image/image.h"

#include <stb_image.h>
#include <stb_image_write.h>

#include <memory>

#include "dcgan/error.h"
#include "image/jpeg_tables.h"
#include "io/atomic_file.h"

namespace dcgan {

Image read_image(const std::string& path, int channels) {
  constexpr std::size_t most_bytes = 1 << 30;  // stb counts bytes in int
  const std::string file = read_file(path, most_bytes);
  const auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  const int length = static_cast<int>(file.size());
  if (!huffman_tables_fit({bytes, file.size()}))
    throw Error(path + ": not a readable picture: its Huffman tables are damaged");
  Image image;
  int stored = 0;
  if (!stbi_info_from_memory(bytes, length, &image.width, &image.height, &stored))
    throw Error(path + ": not a readable picture: " + stbi_failure_reason());
  image.channels = channels ? channels : stored >= 3 ? 3 : 1;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes, length, &image.width, &image.height, &stored, image.channels),
      stbi_image_free);
  if (!pixels) throw Error(path + ": not a readable picture: " + stbi_failure_reason());
  image.pixels.assign(pixels.get(),
                      pixels.get() + std::size_t(image.width) * image.height * image.channels);
  return image;
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
