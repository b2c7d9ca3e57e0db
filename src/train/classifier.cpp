// The step of TensorFlow's first tutorial: forward, loss, backward, Adam.
#include "train/classifier.h"

#include <algorithm>
#include <cmath>

namespace dcgan {
namespace {

constexpr std::int64_t updates_of_classifier = 1;

}  // namespace

Classifier::Memory Classifier::allocate_memory(
    const Config& config, const std::function<Buffer(std::size_t bytes)>& allocate) {
  const ClassifierSpec spec = classifier_spec(config);
  const std::int64_t rows = config.batch_size;
  const auto floats = [&](std::int64_t n) {
    return allocate(static_cast<std::size_t>(n) * sizeof(float));
  };
  return {.images = floats(rows * spec.image.size()),
          .labels = floats(rows),
          .logits = floats(rows * spec.classes),
          .adjoint = floats(rows * spec.classes)};
}

std::int64_t Classifier::bytes(const Config& config) {
  const ClassifierSpec spec = classifier_spec(config);
  std::int64_t sum = Sequential::size_of(spec.layers, spec.image, config.batch_size).bytes +
                     StepStates::bytes(updates_of_classifier);
  allocate_memory(config, [&](std::size_t n) {
    sum += static_cast<std::int64_t>(n);
    return Buffer();
  });
  return sum;
}

Classifier::Classifier(Backend& backend, const Config& config)
    : Model(backend, config, updates_of_classifier),
      spec_(classifier_spec(config)),
      network_(backend, spec_.name, spec_.layers, spec_.image, config.batch_size),
      memory_(allocate_memory(config, [&](std::size_t bytes) { return backend.allocate(bytes); })) {
  network_.initialise(config.seed);
}

void Classifier::evaluate_loss(std::int64_t rows) {
  backend_.softmax_loss({rows, spec_.classes, memory_.logits.f32(), labels(), memory_.adjoint.f32(),
                         states_.measures()});
}

void Classifier::set_updates(const Batch& batch, std::int64_t step, StepState& state) const {
  state.updates = {adam_factors(scheduled(config_.classifier, batch.progress), step + 1)};
}

void Classifier::run_step(const Batch& batch) {
  load_images(batch, spec_.image, spec_.pixels, true, images());
  load_labels(batch, labels());
  run_step(batch.rows);
}

void Classifier::run_step(std::int64_t rows) {
  draw_masks(network_, rows, 0);
  network_.forward(rows, images(), Mode::training, memory_.logits.f32());
  evaluate_loss(rows);
  network_.backward({.rows = rows, .dy = memory_.adjoint.f32()});
  backend_.adam({update(network_, 0)});
}

void Classifier::train_step(std::int64_t rows, std::int64_t step) {
  const Batch filled{.rows = rows};
  send_states({&filled, 1}, step);
  run_step(rows);
}

Measures Classifier::to_measures(const StepStates::StepMeasures& left, std::int64_t) const {
  return {static_cast<double>(left[0]), static_cast<double>(left[1])};
}

Measures Classifier::evaluate(const std::uint8_t* pixels, const std::uint8_t* labels,
                              std::int64_t count) {
  Measures sums{};
  for (std::int64_t first = 0; first < count; first += config_.batch_size) {
    const std::int64_t rows = std::min(config_.batch_size, count - first);
    const Batch batch{pixels, count, 0, first, rows, 0, labels};
    send_states({&batch, 1}, 0);
    load_images(batch, spec_.image, spec_.pixels, false, images());
    load_labels(batch, memory_.labels.f32());
    network_.forward(rows, images(), Mode::inference, memory_.logits.f32());
    evaluate_loss(rows);
    const Measures of_batch = measures();
    for (std::size_t i = 0; i < sums.size(); ++i)
      sums[i] += of_batch[i] * static_cast<double>(rows);
  }
  for (double& sum : sums) sum /= static_cast<double>(count);
  return sums;
}

std::vector<float> Classifier::probabilities(std::span<const float> images) {
  const std::int64_t image = spec_.image.size(), classes = spec_.classes;
  const std::int64_t count = static_cast<std::int64_t>(images.size()) / image;
  std::vector<float> all(static_cast<std::size_t>(count * classes));
  for (std::int64_t first = 0; first < count; first += config_.batch_size) {
    const std::int64_t rows = std::min(config_.batch_size, count - first);
    backend_.upload(memory_.images.f32(), images.data() + first * image,
                    static_cast<std::size_t>(rows * image) * sizeof(float));
    const float* logits = network_.forward(rows, memory_.images.f32(), Mode::inference);
    backend_.download(all.data() + first * classes, logits,
                      static_cast<std::size_t>(rows * classes) * sizeof(float));
  }
  for (auto row = all.begin(); row != all.end(); row += classes) {
    const float largest = *std::max_element(row, row + classes);
    float sum = 0;
    std::for_each(row, row + classes, [&](float& x) { sum += x = std::exp(x - largest); });
    std::for_each(row, row + classes, [&](float& x) { x /= sum; });
  }
  return all;
}

}  // namespace dcgan
