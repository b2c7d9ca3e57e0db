// What the steps of all models have in common, and which model a preset has.
#include "train/model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/classifier.h"
#include "train/gan.h"
#include "train/memory.h"

namespace dcgan {
namespace {

/// Adam's constants where a run stands: a cosine from the first to the final ones.
AdamConfig scheduled(AdamConfig adam, double progress) {
  const double left = (1 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0))) / 2;
  const auto between = [&](double first, double last) {
    return last == 0 ? first : last + (first - last) * left;
  };
  adam.learning_rate = between(adam.learning_rate, adam.final_learning_rate);
  adam.beta2 = between(adam.beta2, adam.final_beta2);
  return adam;
}

}  // namespace

Model::Model(Backend& backend, const Config& config) : backend_(backend), config_(config) {
  if (backend.name() != "cuda") check_host_memory(config);  // a device reports itself what it lacks
}

RandomAddress Model::address(std::uint32_t stream, std::int64_t number) const {
  return {config_.seed, stream, static_cast<std::uint64_t>(number)};
}

void Model::load_images(const Batch& batch, const SampleShape& image, const PixelRange& pixels,
                        const Mirror& mirror, float* out) {
  backend_.gather({batch.pixels, batch.count, image.size(),
                   address(random_stream::shuffle, batch.epoch), batch.first, batch.rows, out,
                   mirror, pixels.offset, pixels.scale});
}

void Model::load_labels(const Batch& batch, float* out, std::int64_t columns, std::int64_t stride) {
  backend_.gather({.pixels = batch.labels,
                   .count = batch.count,
                   .image_size = columns,
                   .shuffle = address(random_stream::shuffle, batch.epoch),
                   .first = batch.first,
                   .batch = batch.rows,
                   .out = out,
                   .offset = 0,
                   .scale = 1,
                   .stride = stride});
}

Mirror Model::mirror(const SampleShape& image, std::int64_t epoch) const {
  if (!config_.flip) return {};
  return {address(random_stream::mirror, epoch), image.width, image.channels};
}

void Model::draw_masks(Sequential& network, std::int64_t rows, std::int64_t step,
                       std::uint32_t pass) {
  std::uint32_t stream = random_stream::dropout + 16 * pass;
  for (DropoutLayer& dropout : network.dropouts())
    backend_.draw_keep_mask(
        {address(stream++, step), dropout.rate, rows * dropout.shape.size(), dropout.keep.u8()});
}

void Model::update(Sequential& network, const AdamConfig& adam, std::int64_t t) {
  backend_.adam({scheduled(adam, progress_), t, network.flat_size(), network.gradients(),
                 network.adam_m(), network.adam_v(), network.values()});
}

std::unique_ptr<Model> make_model(Backend& backend, const Config& config) {
  if (task_of(config.preset) == Task::classifier)
    return std::make_unique<Classifier>(backend, config);
  return std::make_unique<Gan>(backend, config);
}

std::int64_t model_bytes(const Config& config) {
  const bool classifies = task_of(config.preset) == Task::classifier;
  return classifies ? Classifier::bytes(config) : Gan::bytes(config);
}

const std::vector<std::string>& measure_names(const Config& config) {
  static const std::vector<std::string> of_gan = {"loss_generator", "loss_discriminator"},
                                        of_penalised = {"loss_generator", "loss_discriminator",
                                                        "penalty"},
                                        of_classifier = {"loss", "accuracy"};
  if (task_of(config.preset) == Task::classifier) return of_classifier;
  return config.penalty > 0 ? of_penalised : of_gan;
}

}  // namespace dcgan
