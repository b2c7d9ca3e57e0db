// What the steps of all models have in common, and which model a preset has.
#include "train/model.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "train/classifier.h"
#include "train/gan.h"
#include "train/memory.h"

namespace dcgan {

AdamConfig scheduled(AdamConfig adam, double progress) {
  const double left = (1 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0))) / 2;
  const auto between = [&](double first, double last) {
    return last == 0 ? first : last + (first - last) * left;
  };
  adam.learning_rate = between(adam.learning_rate, adam.final_learning_rate);
  adam.beta2 = between(adam.beta2, adam.final_beta2);
  return adam;
}

namespace {

/// config, which a backend in host memory can hold.
const Config& fitting(const Backend& backend, const Config& config) {
  if (backend.name() != "cuda") check_host_memory(config);  // a device reports itself what it lacks
  return config;
}

}  // namespace

Model::Model(Backend& backend, const Config& config, std::int64_t updates)
    : backend_(backend), config_(fitting(backend, config)), states_(backend, updates) {}

void Model::send_states(std::span<const Batch> batches, std::int64_t step) {
  std::vector<StepState> states;
  for (const Batch& batch : batches) {
    StepState state{.step = static_cast<std::uint64_t>(step),
                    .epoch = static_cast<std::uint64_t>(batch.epoch),
                    .first = batch.first};
    set_updates(batch, step++, state);
    states.push_back(std::move(state));
  }
  states_.send(states);
  last_rows_ = batches.back().rows;
}

void Model::queue_steps(std::span<const Batch> batches, std::int64_t step) {
  send_states(batches, step);
  std::vector<std::int64_t> rows;
  for (const Batch& batch : batches) {
    std::unique_ptr<RepeatedCalls>& calls =
        steps_[{batch.pixels, batch.labels, batch.count, batch.rows}];
    if (!calls) calls = backend_.repeated_calls();
    calls->run([&] {
      run_step(batch);
      states_.end();
    });
    rows.push_back(batch.rows);
  }
  states_.begin_download(std::ssize(batches));
  rows_in_flight_.push_back(std::move(rows));
}

std::vector<Measures> Model::take_measures() {
  const std::vector<StepStates::StepMeasures> left = states_.finish_download();
  std::vector<Measures> measures;
  for (std::size_t i = 0; i < left.size(); ++i)
    measures.push_back(to_measures(left[i], rows_in_flight_.front()[i]));
  rows_in_flight_.pop_front();
  return measures;
}

void Model::forget_measures() {
  states_.forget_downloads();
  rows_in_flight_.clear();
}

void Model::train_step(const Batch& batch, std::int64_t step) {
  queue_steps({&batch, 1}, step);
  forget_measures();
}

Measures Model::measures() {
  StepStates::StepMeasures left;
  backend_.download(left.data(), states_.measures(), sizeof left);
  return to_measures(left, last_rows_);
}

RandomAddress Model::address_in_step(std::uint32_t stream) const {
  return {config_.seed, stream, 0, states_.step()};
}

RandomAddress Model::address_in_epoch(std::uint32_t stream) const {
  return {config_.seed, stream, 0, states_.epoch()};
}

void Model::load_images(const Batch& batch, const SampleShape& image, const PixelRange& pixels,
                        bool training, float* out) {
  Gather g{.pixels = batch.pixels,
           .count = batch.count,
           .image_size = image.size(),
           .shuffle = address_in_epoch(random_stream::shuffle),
           .first = 0,
           .batch = batch.rows,
           .out = out,
           .offset = pixels.offset,
           .scale = pixels.scale,
           .first_in_memory = states_.first()};
  if (config_.flip && training)
    g.mirror = {address_in_epoch(random_stream::mirror), image.width, image.channels};
  backend_.gather(g);
}

void Model::load_labels(const Batch& batch, float* out, std::int64_t columns, std::int64_t stride) {
  backend_.gather({.pixels = batch.labels,
                   .count = batch.count,
                   .image_size = columns,
                   .shuffle = address_in_epoch(random_stream::shuffle),
                   .first = 0,
                   .batch = batch.rows,
                   .out = out,
                   .offset = 0,
                   .scale = 1,
                   .stride = stride,
                   .first_in_memory = states_.first()});
}

std::vector<KeepMaskDraw> Model::mask_draws(Sequential& network, std::int64_t rows,
                                            std::uint32_t pass) {
  std::uint32_t stream = random_stream::dropout + 16 * pass;
  std::vector<KeepMaskDraw> draws;
  for (DropoutLayer& dropout : network.dropouts())
    draws.push_back(
        {address_in_step(stream++), dropout.rate, rows * dropout.shape.size(), dropout.keep.u8()});
  return draws;
}

void Model::draw_masks(Sequential& network, std::int64_t rows, std::uint32_t pass) {
  const std::vector<KeepMaskDraw> draws = mask_draws(network, rows, pass);
  if (!draws.empty()) backend_.draw_keep_masks(draws);
}

AdamPart Model::update(const Sequential& network, std::int64_t index) const {
  return network.adam_part(states_.update(index));
}

std::unique_ptr<Backend> make_backend(const Config& config) {
  const Precision precision = config.precision == "tf32"     ? Precision::tf32
                              : config.precision == "tf32x3" ? Precision::tf32x3
                                                             : Precision::fp32;
  return make_backend(config.backend, config.threads, precision);
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
