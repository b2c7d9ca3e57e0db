// Pictures of any size from a folder, as RGB of one size.
#include <spdlog/spdlog.h>
#include <stb_image_resize.h>

#include <algorithm>
#include <filesystem>

#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "image/image.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// In the order of their names, so that a run does not depend on the file system's.
std::vector<std::string> list_pictures(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code broken_link;
    if (entry->is_regular_file(broken_link) && is_picture(entry->path()))
      paths.push_back(entry->path().string());
  }
  if (error) throw Error(directory + ": cannot be listed: " + error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Dataset read_image_folder(const std::string& directory, int size) {
  constexpr int rgb = 3;
  Dataset data;
  data.name = fs::path(directory).lexically_normal().filename().string();
  if (data.name.empty()) data.name = directory;
  data.height = data.width = size;
  data.channels = rgb;
  for (const std::string& path : list_pictures(directory)) {
    try {
      const Image picture = read_image(path, {.channels = rgb, .background = -1, .upright = false});
      data.pixels.resize(data.pixels.size() + data.image_bytes());
      std::uint8_t* out = data.pixels.data() + data.pixels.size() - data.image_bytes();
      if (!stbir_resize_uint8(picture.pixels.data(), picture.width, picture.height, 0, out, size,
                              size, 0, rgb)) {
        data.pixels.resize(data.pixels.size() - data.image_bytes());
        throw Error(path + ": cannot be resized");
      }
      ++data.count;
    } catch (const Error& e) {
      spdlog::warn("skipped: {}", e.what());
    }
  }
  if (data.count == 0)
    throw Error(directory + ": there is no readable PNG or JPEG picture in it; name the folder " +
                "that has them with --data DIR");
  return data;
}

}  // namespace dcgan
