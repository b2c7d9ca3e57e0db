// A classifier of images and its training step: softmax cross-entropy from logits.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "train/model.h"

namespace dcgan {

class Classifier : public Model {
 public:
  /// Throws Error if a backend in host memory cannot hold it.
  Classifier(Backend& backend, const Config& config);

  /// Device memory that it needs, without what the backend's operations add.
  static std::int64_t bytes(const Config& config);

  Sequential& network() { return network_; }
  const ClassifierSpec& spec() const { return spec_; }

  std::vector<Sequential*> networks() override { return {&network_}; }
  using Model::train_step;
  /// Device memory for a step's inputs: [batch, image] in the spec's range, and [batch] classes.
  float* images() { return memory_.images.f32(); }
  float* labels() { return memory_.labels.f32(); }
  /// A step on the first `rows` rows of images() and labels(), which the caller has filled. It
  /// measures the mean loss, and the share that is classified right.
  void train_step(std::int64_t rows, std::int64_t step);

  /// The measures of whole data on the device in inference mode: pixels [count, image] and labels
  /// [count].
  Measures evaluate(const std::uint8_t* pixels, const std::uint8_t* labels, std::int64_t count);

  /// The probability of each class, [n, classes], for images [n, image] in the spec's range.
  std::vector<float> probabilities(std::span<const float> images);

 private:
  struct Memory {
    Buffer images, labels, logits, adjoint;
  };
  static Memory allocate_memory(const Config& config,
                                const std::function<Buffer(std::size_t bytes)>& allocate);

  void run_step(const Batch& batch) override;
  void set_updates(const Batch& batch, std::int64_t step, StepState& state) const override;
  Measures to_measures(const StepStates::StepMeasures& left, std::int64_t rows) const override;
  /// What is done with images() and labels().
  void run_step(std::int64_t rows);
  void evaluate_loss(std::int64_t rows);

  ClassifierSpec spec_;
  Sequential network_;
  Memory memory_;
};

}  // namespace dcgan
