// Pictures of any shape made square, of one size, grey or in colour.
#pragma once
#include <cstdint>

#include "dcgan/config.h"
#include "dcgan/dataset.h"

namespace dcgan {

struct Image;

/// The level behind transparent and around padded pictures.
std::uint8_t background(const Config& config);

/// Writes the picture into size x size pixels of background, of as many channels as it has: its
/// centre, all of it, or all of it squeezed. Returns whether it could be resized.
bool write_fitted(const Image& picture, const std::string& fit, int size, std::uint8_t* out);

/// Makes all images size x size of 1 or 3 channels. Where config pads, those that are smaller keep
/// their size and get a frame. Throws Error, before it allocates them, if they take more than
/// most_bytes.
void fit(Dataset& data, int size, int channels, const Config& config, std::uint64_t most_bytes);

/// Throws Error if so many images take more than most_bytes.
void check_fits(std::int64_t count, int size, int channels, std::uint64_t most_bytes);

/// Whether all pixels are grey.
bool is_grey(const Dataset& data);

}  // namespace dcgan
