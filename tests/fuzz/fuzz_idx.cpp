// IDX files of images and of labels. An input is both, one after the other; without the separator
// there are no labels.
#include <filesystem>
#include <string>
#include <vector>

#include "dcgan/dataset.h"
#include "fuzz/fuzzer.h"
#include "fuzz/in_memory_file.h"
#include "idx_files.h"
#include "temporary_folder.h"

namespace dcgan::fuzz {
namespace {

const std::string separator = "\nlabels\n";

/// A folder of links to files in memory.
struct Files {
  Files() {
    std::filesystem::create_symlink(images.path(), folder.path(test::images_file));
    std::filesystem::create_symlink(labels.path(), folder.path(test::labels_file));
  }
  test::TemporaryFolder folder{memory()};
  InMemoryFile images, labels;
};

void read(const std::string& input) {
  static Files files;
  const std::size_t at = input.find(separator);
  files.images.write(input.substr(0, at));
  if (at != input.npos) files.labels.write(input.substr(at + separator.size()));
  const Dataset data = at == input.npos ? read_idx_dataset(files.images.path())
                                        : read_idx_dataset(files.folder.path("."));
  require(data.pixels.size() == data.image_bytes() * static_cast<std::size_t>(data.count),
          "as many pixels as the images have");
  require(data.labels.size() == (at == input.npos ? 0 : static_cast<std::size_t>(data.count)),
          "a label for each image");
}

std::vector<std::string> seeds() {
  return {test::idx_images(3, 5, 4), test::idx_images(1, 28, 28),
          test::idx_images(7, 2, 3) + separator + test::idx_labels(7)};
}

}  // namespace

const Fuzzer fuzz_idx = {"idx", read, seeds};

}  // namespace dcgan::fuzz
