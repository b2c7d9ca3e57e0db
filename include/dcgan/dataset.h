// Images to train on and images to test with, as bytes in host memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/config.h"

namespace dcgan {

/// Images as they come from disk: 8-bit, [count, height, width, channels], row-major.
struct Dataset {
  std::string name;  ///< what it was read from, for titles and logs: "Fashion-MNIST", a folder name
  std::string place;  ///< the file or folder it was read from, absolute; empty: none
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

/// What a data set comes in: images to train on, and others that no training sees.
enum class Split { train, test };

/// CRC-32 of the images and their shape, as eight hexadecimal digits.
std::string checksum(const Dataset& data);

/// Reads IDX images, and their labels if they lie beside them, plain or gzipped. `place` is the
/// file of images, or a folder that has train-images-idx3-ubyte, or one of its usual other names,
/// in it or up to two levels down; empty: $DCGAN_DATA, else where Debian's dataset-fashion-mnist
/// is. MNIST and Fashion-MNIST are known by their contents and have label_names. Throws Error on a
/// missing, truncated, or malformed file, and says what is there instead. Split::test: those of
/// t10k-images-idx3-ubyte or the like, and a file only if it has such a name.
Dataset read_idx_dataset(const std::string& place, Split split = Split::train);

/// Reads the PNG and JPEG files below `directory` as RGB, or with one channel grey, turned as EXIF
/// says, at size x size; how is up to config's fit and background. If all lie in at least two
/// subfolders these are their classes. Hidden files, run folders, other formats and damaged files
/// are skipped; one line in the log counts them. Throws Error if no picture is left, or if there
/// are so many that their pixels take more than most_bytes.
Dataset read_image_folder(const std::string& directory, int size, const Config& config = {},
                          int channels = 3, std::uint64_t most_bytes = std::uint64_t{1} << 62);

}  // namespace dcgan
