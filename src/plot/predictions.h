// What a classifier says of images: the figure of TensorFlow's tutorial.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plot/figure.h"

namespace dcgan {

/// Five rows of three: each image beside bars of its probabilities [count, classes], and below it
/// the predicted class, its probability and in brackets the true one: "Sneaker 98% (Sneaker)", in
/// red where it is another. Without label_names classes are numbers.
Image predictions_figure(const ImageBatch& images, std::span<const float> probabilities,
                         std::span<const std::uint8_t> labels,
                         const std::vector<std::string>& label_names);

}  // namespace dcgan
