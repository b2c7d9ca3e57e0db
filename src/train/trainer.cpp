// One turn of the training loop: gather, draw, step, count.
#include "dcgan/trainer.h"

#include <algorithm>
#include <chrono>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "data/data_source.h"
#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string shape_text(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
}

void check_images(const Dataset& data, const Config& config) {
  const SampleShape want = gan_spec(config).image;
  if (data.count < 1) throw Error("the data set '" + data.name + "' has no images");
  if (data.height != want.height || data.width != want.width || data.channels != want.channels)
    throw Error("the data set '" + data.name + "' has images of " +
                shape_text(data.height, data.width, data.channels) + ", but preset '" +
                config.preset + "' trains on " +
                shape_text(want.height, want.width, want.channels) +
                "; dcgan-32, dcgan-64 and dcgan-128 train on images of any size");
}

}  // namespace

struct Trainer::Impl {
  Impl(const Config& wanted, Dataset data)
      : config(wanted),
        dataset(std::move(data)),
        backend(make_backend(config.backend, config.threads)),
        gan(*backend, config),
        pixels(backend->allocate(dataset.pixels.size())) {
    backend->upload(pixels.u8(), dataset.pixels.data(), dataset.pixels.size());
  }

  Config config;
  Dataset dataset;
  std::unique_ptr<Backend> backend;
  Gan gan;
  Buffer pixels;
  TrainingState state;
};

Dataset read_dataset(const Config& config) {
  const SampleShape image = gan_spec(config).image;
  const bool own_pictures = image.height != 28;
  if (own_pictures && !may_be_grey(config.preset) && config.data.empty())
    throw UsageError("preset '" + config.preset +
                     "' trains on a folder of PNG or JPEG pictures: name it with --data DIR");
  // Half of the memory: a backend in host memory has its own copy of the pixels.
  return read_data(config, {.size = static_cast<int>(image.height),
                            .channels = static_cast<int>(image.channels),
                            .any_size = own_pictures,
                            .may_be_grey = may_be_grey(config.preset),
                            .most_bytes = static_cast<std::uint64_t>(free_memory_bytes()) / 2});
}

Config checkpoint_config(const std::string& path) {
  const SafetensorsFile file(path);
  Config config = read_checkpoint_header(file).config;
  check_size(file, config);
  return config;
}

Trainer::Trainer(const Config& config, Dataset dataset) {
  check_images(dataset, config);
  impl_ = std::make_unique<Impl>(config, std::move(dataset));
}
Trainer::~Trainer() = default;

void Trainer::load(const std::string& checkpoint) {
  const SafetensorsFile file(checkpoint);
  const CheckpointHeader header = read_checkpoint_header(file);
  const TrainingState& state = header.state;
  const std::int64_t per_epoch = steps_per_epoch();
  if (static_cast<std::int64_t>(state.history.size()) != state.step / per_epoch ||
      state.steps_in_epoch != state.step % per_epoch)
    throw Error(checkpoint + ": it was not trained on '" + impl_->dataset.name + "': step " +
                std::to_string(state.step) + " does not fit epochs of " +
                std::to_string(per_epoch) + " steps; name its data set with --data DIR");
  load_tensors(file, impl_->gan, Moments::load);
  impl_->state = header.state;
}

void Trainer::save(const std::string& path) {
  write_checkpoint(path, impl_->config, impl_->state, impl_->gan);
}

std::int64_t Trainer::steps_per_epoch() const {
  const std::int64_t batch = impl_->config.batch_size;
  return (impl_->dataset.count + batch - 1) / batch;
}

std::int64_t Trainer::total_steps() const {
  return impl_->config.steps ? impl_->config.steps : impl_->config.epochs * steps_per_epoch();
}

StepResult Trainer::train_step() {
  const double start = seconds_now();
  TrainingState& state = impl_->state;
  Gan& gan = impl_->gan;
  const Config& config = impl_->config;
  const std::int64_t epoch = state.step / steps_per_epoch();
  const std::int64_t batch = state.step % steps_per_epoch();
  const std::int64_t first = batch * config.batch_size;
  const std::int64_t rows = std::min(config.batch_size, impl_->dataset.count - first);

  gan.train_step({impl_->pixels.u8(), impl_->dataset.count, epoch, first, rows}, state.step);
  const StepLosses losses = gan.losses();

  StepResult result;
  result.step = ++state.step;
  result.epoch = epoch + 1;
  result.images = rows;
  result.loss_generator = static_cast<double>(losses.generator);
  result.loss_discriminator = static_cast<double>(losses.discriminator);
  result.ends_epoch = batch + 1 == steps_per_epoch();
  const double elapsed = seconds_now() - start;
  result.milliseconds = elapsed * 1e3;

  ++state.steps_in_epoch;
  state.sum_loss_generator += result.loss_generator;
  state.sum_loss_discriminator += result.loss_discriminator;
  state.epoch_seconds += elapsed;
  if (result.ends_epoch) {
    const auto steps = static_cast<double>(state.steps_in_epoch);
    state.history.push_back({result.epoch, state.sum_loss_generator / steps,
                             state.sum_loss_discriminator / steps, state.epoch_seconds});
    state.steps_in_epoch = 0;
    state.sum_loss_generator = state.sum_loss_discriminator = state.epoch_seconds = 0;
  }
  return result;
}

std::vector<float> Trainer::sample(std::int64_t count, std::uint64_t seed) {
  return impl_->gan.sample(count, seed);
}

const Config& Trainer::config() const { return impl_->config; }
const Dataset& Trainer::dataset() const { return impl_->dataset; }
const TrainingState& Trainer::state() const { return impl_->state; }
std::string Trainer::backend_description() const {
  std::string text = impl_->backend->name() + " (" + impl_->backend->description() + ")";
  if (impl_->config.backend == "auto")
    for (const BackendStatus& b : backend_statuses()) {
      if (b.name == impl_->backend->name()) break;
      text += "; not " + b.name + ": " + b.why_unavailable;
    }
  return text;
}
std::int64_t Trainer::generator_parameters() const {
  return impl_->gan.generator().parameter_count();
}
std::int64_t Trainer::generator_moving_statistics() const {
  return impl_->gan.generator().moving_count();
}
std::int64_t Trainer::discriminator_parameters() const {
  return impl_->gan.discriminator().parameter_count();
}

}  // namespace dcgan
