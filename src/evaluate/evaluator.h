// Evaluates one set of generated pictures after another beside the same real ones.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dcgan/dataset.h"
#include "evaluate/judge.h"
#include "evaluate/report.h"

namespace dcgan {

/// As many pictures are compared where nothing else is said.
constexpr std::int64_t default_samples = 10'000;

class Evaluator {
 public:
  /// Judges the real images: all of `test` and the first `beside` of `training`. `judged` is told
  /// how many pictures are done, here and below. Throws Error for images of a size that the judge
  /// does not know. The judge must outlive it.
  Evaluator(Judge& judge, const Dataset& training, std::int64_t beside, const Dataset& test,
            int threads, const std::function<void(std::int64_t)>& judged = {});

  /// Of pixels [count, image].
  Evaluation evaluate(std::span<const std::uint8_t> pixels,
                      const std::function<void(std::int64_t)>& judged = {}) const;

 private:
  Judge& judge_;
  int threads_;
  RealImages real_;
};

}  // namespace dcgan
