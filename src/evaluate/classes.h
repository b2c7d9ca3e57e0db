// Which classes pictures belong to, as a classifier says.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dcgan {

/// The class of each row of logits [count, classes]: that of the largest; of equal ones the first.
/// Throws Error for a logit that is no number, naming the picture.
std::vector<int> predicted_classes(std::span<const float> logits, std::int64_t classes);

/// The share of predicted classes that are the labels, [count] each.
double accuracy(std::span<const int> predicted, std::span<const std::uint8_t> labels);

/// The share of each class, [classes].
std::vector<double> class_shares(std::span<const int> predicted, std::int64_t classes);

/// Which pictures belong to each class, [classes]: the first `most` of it, in their order.
std::vector<std::vector<std::size_t>> first_of_each_class(std::span<const int> predicted,
                                                          std::int64_t classes, std::size_t most);

/// -sum p ln p: ln(classes) where all are equally frequent, 0 where there is but one.
double entropy(std::span<const double> shares);

}  // namespace dcgan
