// The training images, as bytes in host memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dcgan {

/// Images as they come from disk: 8-bit, [count, height, width, channels], row-major.
struct Dataset {
  std::string name;  ///< what it was read from, for titles and logs: "Fashion-MNIST", a folder name
  std::int64_t count = 0;
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;      ///< [count], or empty where there are none
  std::vector<std::string> label_names;  ///< one per class, or empty where there are none

  std::size_t image_bytes() const { return std::size_t(height) * width * channels; }
  const std::uint8_t* image(std::int64_t i) const { return pixels.data() + i * image_bytes(); }
};

/// Finds the folder with the four IDX files: `directory` if not empty, else $DCGAN_DATA, else where
/// Debian's dataset-fashion-mnist puts them. Throws Error naming the missing file and the remedy.
std::string find_idx_directory(const std::string& directory);

/// Reads train-images-idx3-ubyte and train-labels-idx1-ubyte (.gz or plain) from `directory`
/// (already resolved by find_idx_directory). The labels may be absent.
/// Throws Error on a missing, truncated, or malformed file.
Dataset read_idx_dataset(const std::string& directory);

/// Reads every PNG and JPEG below `directory` as RGB, resized to size x size; files that cannot be
/// decoded are named in a warning and skipped. Throws Error if none is left.
Dataset read_image_folder(const std::string& directory, int size);

}  // namespace dcgan
