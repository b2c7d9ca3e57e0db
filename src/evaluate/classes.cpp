#include "evaluate/classes.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dcgan/error.h"

namespace dcgan {

std::vector<int> predicted_classes(std::span<const float> logits, std::int64_t classes) {
  std::vector<int> predicted;
  for (auto row = logits.begin(); row != logits.end(); row += classes) {
    if (std::any_of(row, row + classes, [](float x) { return std::isnan(x); }))
      throw Error("classes: a logit of picture " + std::to_string(predicted.size() + 1) +
                  " is no number; the network that gave it has diverged");
    predicted.push_back(static_cast<int>(std::max_element(row, row + classes) - row));
  }
  return predicted;
}

double accuracy(std::span<const int> predicted, std::span<const std::uint8_t> labels) {
  std::int64_t right = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == labels[i];
  return static_cast<double>(right) / static_cast<double>(predicted.size());
}

std::vector<double> class_shares(std::span<const int> predicted, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  for (const int one : predicted) ++counts[static_cast<std::size_t>(one)];
  std::vector<double> shares;
  for (const std::int64_t n : counts)
    shares.push_back(static_cast<double>(n) / static_cast<double>(predicted.size()));
  return shares;
}

std::vector<std::vector<std::size_t>> first_of_each_class(std::span<const int> predicted,
                                                          std::int64_t classes, std::size_t most) {
  std::vector<std::vector<std::size_t>> first(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    std::vector<std::size_t>& of_class = first[static_cast<std::size_t>(predicted[i])];
    if (of_class.size() < most) of_class.push_back(i);
  }
  return first;
}

double entropy(std::span<const double> shares) {
  double sum = 0;
  for (const double p : shares)
    if (p > 0) sum -= p * std::log(p);
  return sum;
}

}  // namespace dcgan
