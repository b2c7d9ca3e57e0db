#include "ops/adam.h"

#include <cmath>

namespace dcgan {

AdamFactors adam_factors(const AdamConfig& config, std::int64_t t) {
  const auto steps = static_cast<double>(t);
  const double alpha = config.learning_rate * std::sqrt(1 - std::pow(config.beta2, steps)) /
                       (1 - std::pow(config.beta1, steps));
  return {static_cast<float>(alpha), static_cast<float>(1 - config.beta1),
          static_cast<float>(1 - config.beta2), static_cast<float>(config.epsilon)};
}

std::int64_t AdamStep::n() const { return first.n + second.n; }

double least_bytes(const AdamStep& step) {
  double floats = 7 * static_cast<double>(step.n());  // four in, three out
  for (const AdamPart* part : {&step.first, &step.second})
    for (const GradientParts& of : part->in_parts)
      floats += static_cast<double>((of.count - 1) * of.n);
  return 4 * floats;
}

Op describe(const AdamStep& step) {
  const auto n = static_cast<double>(step.n());
  return {"adam", "", {{"n", step.n()}}, 12 * n, least_bytes(step)};
}

}  // namespace dcgan
