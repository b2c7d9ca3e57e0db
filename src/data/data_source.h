// What lies at the place that a user names, and the data set made of it.
#pragma once
#include <cstdint>
#include <string>

#include "dcgan/config.h"
#include "dcgan/dataset.h"

namespace dcgan {

enum class DataKind { idx, cifar, pictures };

/// The named place; where none is named, $DCGAN_DATA, or nothing: the system's Fashion-MNIST.
std::string data_place(const Config& config);

/// By what is found there; where nothing is, what grey or coloured images are looked for as, whose
/// reader says what is there instead.
DataKind kind_of_data(const std::string& place, int channels, Split split = Split::train);

/// What a preset trains on.
struct ImagesWanted {
  int size, channels;
  bool any_size;             ///< whether IDX and CIFAR images of other sizes are made to fit
  bool may_be_grey;          ///< whether it could train on one channel instead
  std::uint64_t most_bytes;  ///< of all pixels
};

/// Throws Error naming the file or folder; a folder of pictures has no test images.
Dataset read_data(const Config& config, const ImagesWanted& wanted, Split split = Split::train);

}  // namespace dcgan
