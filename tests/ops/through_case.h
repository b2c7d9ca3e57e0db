// A layer's backward-data that goes on through the epilogue of the layer before: in one call where
// the backend has one, in two where it has not.
#pragma once
#include "ops/linear_case.h"

namespace dcgan::test {

class ThroughCase final : public Case {
 public:
  /// The layer before has so many channels, which divide a sample of x.
  ThroughCase(std::shared_ptr<const LinearCase> layer, std::int64_t channels)
      : layer_(std::move(layer)), channels_(channels) {}

  std::string name() const override {
    return layer_->name() + "_through_" + std::to_string(channels_);
  }
  std::vector<Pass> passes() const override;  // one for each epilogue
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

  const LinearCase& layer() const { return *layer_; }
  std::int64_t channels() const { return channels_; }
  std::int64_t rows() const { return layer_->sizes().x / channels_; }

 private:
  std::shared_ptr<const LinearCase> layer_;
  std::int64_t channels_;
};

}  // namespace dcgan::test
