// The sum of two weighted arrays, into a third or into one of them.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

class WeightedSumCase final : public Case {
 public:
  enum class Into { y, a, b };
  /// Which pointer is no multiple of 16 bytes: it has one value before it.
  enum class Odd { none, a, b, y };
  struct Factors {
    float a, b;
    bool scaled;             ///< the rows of a have a scale each
    bool in_memory = false;  ///< the op finds both in device memory
  };

  WeightedSumCase(std::int64_t rows, std::int64_t size, const Factors& factors, Into into = Into::y,
                  Odd odd = Odd::none)
      : rows_(rows), size_(size), factors_(factors), into_(into), odd_(odd) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;  // a, b, and y where it is neither

 private:
  friend class WeightedSumRun;

  WeightedSum sum(const float* a_scale, const float* a, const float* b, float* y) const {
    return {rows_, size_, factors_.a, factors_.scaled ? a_scale : nullptr, a, factors_.b, b, y};
  }
  std::int64_t count() const { return rows_ * size_; }

  std::int64_t rows_, size_;
  Factors factors_;
  Into into_;
  Odd odd_;
};

}  // namespace dcgan::test
