// Draws: noise and dropout masks.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

/// A Run of one op with one result, `name`, which draw(out) makes.
template <class T>
class DrawRun final : public Run {
 public:
  DrawRun(Backend& backend, const char* name, std::int64_t n, std::function<void(T*)> draw)
      : out_(backend, name, n), draw_(std::move(draw)) {}
  DrawRun(Backend& backend, const char* name, std::vector<T> initial, std::function<void(T*)> draw)
      : out_(backend, name, std::move(initial)), draw_(std::move(draw)) {}
  void pass(std::size_t) override { draw_(out_.data()); }
  std::vector<Result> results() const override { return {out_.read()}; }

 private:
  Output<T> out_;
  std::function<void(T*)> draw_;
};

class NoiseCase final : public Case {
 public:
  /// in_memory: the op finds its step in device memory.
  NoiseCase(const RandomAddress& address, std::int64_t n, bool in_memory = false)
      : address_(address), n_(n), in_memory_(in_memory) {}
  std::string name() const override {
    return "noise_n" + std::to_string(n_) + (in_memory_ ? "_in_memory" : "");
  }
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

  NormalDraw draw(float* out) const { return {address_, n_, out}; }

 private:
  RandomAddress address_;
  std::int64_t n_;
  bool in_memory_;
};

class KeepMaskCase final : public Case {
 public:
  KeepMaskCase(const RandomAddress& address, float dropout_rate, std::int64_t n,
               bool in_memory = false)
      : address_(address), dropout_rate_(dropout_rate), n_(n), in_memory_(in_memory) {}
  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  RandomAddress address_;
  float dropout_rate_;
  std::int64_t n_;
  bool in_memory_;
};

/// Masks of several layers at once.
class KeepMasksCase final : public Case {
 public:
  explicit KeepMasksCase(std::vector<std::int64_t> sizes) : sizes_(std::move(sizes)) {}
  std::string name() const override;
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

  /// One behind the other in `out`, each from a multiple of 8 on.
  std::vector<KeepMaskDraw> draws(std::uint8_t* out) const;
  /// What is there before they are drawn, of their size.
  std::vector<std::uint8_t> unwritten() const;

 private:
  std::vector<std::int64_t> sizes_;
};

/// Noise and masks in one call.
class DrawCase final : public Case {
 public:
  DrawCase(std::int64_t n, std::vector<std::int64_t> sizes)
      : noise_({5, 3, 8}, n), n_(n), masks_(std::move(sizes)) {}
  std::string name() const override { return "draw_n" + std::to_string(n_) + "_" + masks_.name(); }
  std::vector<Pass> passes() const override;
  std::unique_ptr<Run> start(Backend& backend) const override;
  std::vector<Expected> expected() const override;

 private:
  NoiseCase noise_;
  std::int64_t n_;
  KeepMasksCase masks_;
};

}  // namespace dcgan::test
