// Softmax cross-entropy from logits, in double: x[m] - x[label] + log(sum of exp(x - x[m])), where
// x[m] is the largest of a row.
#include "backend/cpu/softmax_loss.h"

#include <cmath>
#include <limits>
#include <vector>

namespace dcgan::cpu {
namespace {

struct Row {
  double loss;
  bool right;
};

/// One row; its adjoint may be null.
Row row_loss(const float* x, std::int64_t classes, float label, double n, float* adjoint) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::int64_t m = -1;
  double largest = -infinity;  // of NaNs alone
  for (std::int64_t j = 0; j < classes; ++j)
    if (static_cast<double>(x[j]) > largest) m = j, largest = static_cast<double>(x[j]);
  const auto weight = [&](std::int64_t j) { return std::exp(static_cast<double>(x[j]) - largest); };
  double others = 0;  // but for the largest's, which is 1
  for (std::int64_t j = 0; j < classes; ++j)
    if (j != m) others += weight(j);

  const bool known = label >= 0 && label < static_cast<float>(classes);
  const std::int64_t of_label = known ? static_cast<std::int64_t>(label) : classes;
  if (adjoint)
    for (std::int64_t j = 0; j < classes; ++j) {
      const double p = (j == m ? 1 : weight(j)) / (1 + others);
      const double g = j != of_label ? p : j == m ? -others / (1 + others) : p - 1;
      adjoint[j] = static_cast<float>(g / n);
    }
  const double loss =
      known ? largest - static_cast<double>(x[of_label]) + std::log1p(others) : infinity;
  return {loss, m == of_label};
}

}  // namespace

void softmax_loss(const SoftmaxLoss& s) {
  const auto n = static_cast<double>(s.batch);
  std::vector<Row> rows(static_cast<std::size_t>(s.batch));
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < s.batch; ++i)
    rows[static_cast<std::size_t>(i)] =
        row_loss(s.logits + i * s.classes, s.classes, s.labels[i], n,
                 s.adjoint ? s.adjoint + i * s.classes : nullptr);
  double loss = 0, right = 0;
  for (const Row& row : rows) {
    loss += row.loss;
    right += row.right ? 1 : 0;
  }
  s.losses[0] = static_cast<float>(loss / n);
  s.losses[1] = static_cast<float>(right / n);
}

}  // namespace dcgan::cpu
