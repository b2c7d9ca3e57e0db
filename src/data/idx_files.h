// Where a data set's IDX files are, under the names and in the folders that they come in.
#pragma once
#include <string>

#include "dcgan/dataset.h"

namespace dcgan {

struct IdxFiles {
  std::string place;           ///< the file or folder that was named, or is taken where none was
  std::string images, labels;  ///< paths; labels: empty where there are none beside the images
};

/// Whether the folder, or one up to two levels below, has files of such images.
bool has_idx_files(const std::string& folder, Split split = Split::train);

/// As read_idx_dataset takes `place`. Throws Error, which says what is there instead of images.
IdxFiles find_idx_files(const std::string& place, Split split = Split::train);

}  // namespace dcgan
