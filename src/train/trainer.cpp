// One turn of the training loop: gather, draw, step, count.
#include "dcgan/trainer.h"

#include <algorithm>
#include <chrono>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "train/checkpoint.h"
#include "train/gan.h"
#include "train/images_wanted.h"

namespace dcgan {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string shape_text(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
}

/// How many batches `images` are.
std::int64_t batches(std::int64_t images, const Config& config) {
  return (images + config.batch_size - 1) / config.batch_size;
}

/// What a run can be told to do otherwise without training otherwise.
bool changes_training(const std::string& key) {
  for (const char* other : {"backend", "data", "init", "epochs", "steps", "threads",
                            "checkpoint_every", "pictures_every", "keep", "log_every"})
    if (key == other) return false;
  return true;
}

std::vector<SettingChange> changes_between(const Config& before, const Config& now,
                                           std::int64_t step) {
  std::vector<SettingChange> changes;
  const std::vector<SettingInfo> old = settings(before), current = settings(now);
  for (std::size_t i = 0; i < old.size(); ++i)
    if (changes_training(old[i].key) && old[i].value != current[i].value)
      changes.push_back({step, old[i].key, old[i].value, current[i].value});
  return changes;
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

/// The settings with what is known of the data set. Throws Error if they name other pictures.
Config with_data(Config config, const Dataset& data) {
  const std::string sum = checksum(data);
  if (!config.data_checksum.empty() && config.data_checksum != sum)
    throw Error("the data set '" + data.name + "'" +
                (data.place.empty() ? "" : " (" + data.place + ")") +
                " has other pictures than the run was trained on (checksum " + sum + ", not " +
                config.data_checksum + "); name its data set with --data, or train on this one " +
                "with --data " + (data.place.empty() ? "DIR" : data.place));
  config.data_checksum = sum;
  try {
    if (!data.place.empty()) set(config, "data", data.place);
  } catch (const UsageError&) {
    // A path that settings cannot hold, as it is not UTF-8: they keep what named it.
  }
  return config;
}

}  // namespace

struct Trainer::Impl {
  Impl(const Config& wanted, Dataset data)
      : config(with_data(wanted, data)),
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

ImagesWanted images_wanted(const Config& config) {
  const SampleShape image = gan_spec(config).image;
  const bool any_size = takes_any_size(config.preset),
             may_be_grey = dcgan::may_be_grey(config.preset);
  if (any_size && !may_be_grey && config.data.empty())
    throw UsageError("preset '" + config.preset +
                     "' trains on a folder of PNG or JPEG pictures: name it with --data DIR");
  // Half of the memory: a backend in host memory has its own copy of the pixels.
  return {.size = static_cast<int>(image.height),
          .channels = static_cast<int>(image.channels),
          .any_size = any_size,
          .may_be_grey = may_be_grey,
          .most_bytes = static_cast<std::uint64_t>(free_memory_bytes()) / 2};
}

Dataset read_dataset(const Config& config) { return read_data(config, images_wanted(config)); }

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
  // Of a run that has kept its batch size, the steps tell the data set's size.
  const std::int64_t per_epoch = batches(impl_->dataset.count, header.config);
  const bool fits = static_cast<std::int64_t>(state.history.size()) == state.step / per_epoch &&
                    state.steps_in_epoch == state.step % per_epoch;
  if (state.images_in_epoch >= impl_->dataset.count || (state.changes.empty() && !fits))
    throw Error(checkpoint + ": it was not trained on '" + impl_->dataset.name + "': step " +
                std::to_string(state.step) + " does not fit epochs of " +
                std::to_string(per_epoch) +
                " steps; name its data set with --data DIR, or start anew from its weights with "
                "--init");
  load_tensors(file, impl_->gan, Moments::load);
  impl_->state = header.state;
  for (SettingChange& change : changes_between(header.config, impl_->config, state.step))
    impl_->state.changes.push_back(std::move(change));
}

void Trainer::take_weights(const std::string& checkpoint) {
  const SafetensorsFile file(checkpoint);
  read_checkpoint_header(file);
  load_tensors(file, impl_->gan, Moments::reset);
}

void Trainer::save(const std::string& path) {
  write_checkpoint(path, impl_->config, impl_->state, impl_->gan);
}

std::int64_t Trainer::steps_per_epoch() const {
  return batches(impl_->dataset.count, impl_->config);
}

std::int64_t Trainer::total_steps() const {
  const Config& config = impl_->config;
  const TrainingState& state = impl_->state;
  if (config.steps) return config.steps;
  const std::int64_t epochs_left = config.epochs - static_cast<std::int64_t>(state.history.size());
  if (epochs_left <= 0) return state.step;
  return state.step + batches(impl_->dataset.count - state.images_in_epoch, config) +
         (epochs_left - 1) * steps_per_epoch();
}

StepResult Trainer::train_step() {
  const double start = seconds_now();
  TrainingState& state = impl_->state;
  Gan& gan = impl_->gan;
  const Config& config = impl_->config;
  const auto epoch = static_cast<std::int64_t>(state.history.size());
  const std::int64_t first = state.images_in_epoch;
  const std::int64_t rows = std::min(config.batch_size, impl_->dataset.count - first);

  gan.train_step({impl_->pixels.u8(), impl_->dataset.count, epoch, first, rows,
                  static_cast<double>(state.step) / static_cast<double>(total_steps())},
                 state.step);
  const StepLosses losses = gan.losses();

  StepResult result;
  result.step = ++state.step;
  result.epoch = epoch + 1;
  result.images = rows;
  result.loss_generator = static_cast<double>(losses.generator);
  result.loss_discriminator = static_cast<double>(losses.discriminator);
  result.penalty = static_cast<double>(losses.penalty);
  result.ends_epoch = first + rows == impl_->dataset.count;
  const double elapsed = seconds_now() - start;
  result.milliseconds = elapsed * 1e3;

  ++state.steps_in_epoch;
  state.images_in_epoch += rows;
  state.sum_loss_generator += result.loss_generator;
  state.sum_loss_discriminator += result.loss_discriminator;
  state.epoch_seconds += elapsed;
  if (result.ends_epoch) {
    const auto steps = static_cast<double>(state.steps_in_epoch);
    state.history.push_back({result.epoch, state.sum_loss_generator / steps,
                             state.sum_loss_discriminator / steps, state.epoch_seconds});
    state.steps_in_epoch = state.images_in_epoch = 0;
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
