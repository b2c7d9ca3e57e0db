// What follows a layer's arithmetic, in place: bias, activation, dropout, and back.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

/// samples: how many samples the rows make up; scaled: the gradient of each gets a factor.
struct EpilogueVariant {
  Epilogue epilogue;
  bool masked = true;
  bool scaled = false;
};

class EpilogueCase final : public Case {
 public:
  EpilogueCase(std::int64_t rows, std::int64_t channels, std::int64_t rows_per_sample,
               std::string title, std::vector<EpilogueVariant> variants)
      : rows_(rows),
        channels_(channels),
        rows_per_sample_(rows_per_sample),
        title_(std::move(title)),
        variants_(std::move(variants)) {}

  std::string name() const override;
  std::vector<Pass> passes() const override;  // forward and backward of every variant
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;
  std::vector<Slope> slopes(Backend& backend) const override;

  std::int64_t rows() const { return rows_; }
  std::int64_t channels() const { return channels_; }
  std::int64_t rows_per_sample() const { return rows_per_sample_; }
  const std::vector<EpilogueVariant>& variants() const { return variants_; }

 private:
  std::int64_t rows_, channels_, rows_per_sample_;
  std::string title_;
  std::vector<EpilogueVariant> variants_;
};

}  // namespace dcgan::test
