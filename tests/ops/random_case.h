// Draws: noise, dropout masks, and batches gathered in shuffled order.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

class NoiseCase final : public Case {
 public:
  NoiseCase(const RandomAddress& address, std::int64_t n) : address_(address), n_(n) {}
  std::string name() const override { return "noise_n" + std::to_string(n_); }
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  RandomAddress address_;
  std::int64_t n_;
};

class KeepMaskCase final : public Case {
 public:
  KeepMaskCase(const RandomAddress& address, float dropout_rate, std::int64_t n)
      : address_(address), dropout_rate_(dropout_rate), n_(n) {}
  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  RandomAddress address_;
  float dropout_rate_;
  std::int64_t n_;
};

class GatherCase final : public Case {
 public:
  GatherCase(std::int64_t count, std::int64_t image_size, std::int64_t first, std::int64_t batch)
      : count_(count), image_size_(image_size), first_(first), batch_(batch) {}
  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  Gather gather(const std::uint8_t* pixels, float* out) const;

  std::int64_t count_, image_size_, first_, batch_;
};

Cases random_cases();

}  // namespace dcgan::test
