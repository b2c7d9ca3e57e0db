// One turn of the training loop: load, draw, step, count.
#include "dcgan/trainer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "train/checkpoint.h"
#include "train/classifier.h"
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

bool classifies(const Config& config) { return task_of(config.preset) == Task::classifier; }

/// Of images that need labels, how many classes there are; 0 of those that need none.
std::int64_t classes_of(const Config& config) {
  return classifies(config) ? classifier_spec(config).classes : config.classes;
}

/// [count, classes], 1 at each label.
std::vector<std::uint8_t> codes_of(const std::vector<std::uint8_t>& labels, std::int64_t classes) {
  std::vector<std::uint8_t> codes(labels.size() * static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i)
    codes[i * static_cast<std::size_t>(classes) + labels[i]] = 1;
  return codes;
}

/// How many batches `images` are.
std::int64_t batches(std::int64_t images, const Config& config) {
  return (images + config.batch_size - 1) / config.batch_size;
}

/// What a run can be told to do otherwise without training otherwise.
bool changes_training(const std::string& key) {
  for (const char* other :
       {"backend", "data", "init", "epochs", "steps", "threads", "checkpoint_every",
        "pictures_every", "evaluate_every", "keep", "log_every", "tensorboard"})
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

void check_shape(const Dataset& data, const Config& config) {
  const SampleShape want = image_shape(config);
  if (data.height != want.height || data.width != want.width || data.channels != want.channels)
    throw Error("the data set '" + data.name + "' has images of " +
                shape_text(data.height, data.width, data.channels) + ", but preset '" +
                config.preset + "' trains on " +
                shape_text(want.height, want.width, want.channels) +
                "; dcgan-32, dcgan-64 and dcgan-128 train on images of any size");
}

/// Throws Error where the images, or the labels of those that have to have some, do not fit.
void check_data(const Dataset& data, const Config& config) {
  if (data.count < 1) throw Error("the data set '" + data.name + "' has no images");
  check_shape(data, config);
  const std::int64_t classes = classes_of(config);
  if (classes == 0) return;
  if (static_cast<std::int64_t>(data.labels.size()) != data.count)
    throw Error("the data set '" + data.name + "' has no labels, without which preset '" +
                config.preset + "' cannot train" +
                (classifies(config) ? "" : " with classes=" + std::to_string(classes)) +
                "; they are looked for beside the images, as train-labels-idx1-ubyte" +
                (classifies(config) ? "" : ", or --set classes=0 trains without them"));
  const std::uint8_t largest = *std::max_element(data.labels.begin(), data.labels.end());
  if (largest >= classes)
    throw Error("the data set '" + data.name + "' has a label " + std::to_string(largest) +
                ", but preset '" + config.preset + "' has " + std::to_string(classes) +
                " classes, from 0: --set classes=" + std::to_string(largest + 1) +
                " makes room for it");
  if (largest + 1 < classes && !classifies(config))
    spdlog::warn(
        "the data set '{}' has labels up to {} only: nothing is learnt of the other "
        "classes of {}; --set classes={} leaves them out",
        data.name, largest, classes, largest + 1);
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
  Impl(const Config& wanted, Dataset data, Dataset test)
      : config(with_data(wanted, data)),
        backend(dcgan::make_backend(config)),
        model(make_model(*backend, config)),
        training(std::move(data), *backend, config),
        testing(std::move(test), *backend, config) {}

  /// The model as one of its kind. Throws UsageError if it is of the other.
  template <class Kind>
  Kind& as(const char* what) {
    if (auto* kind = dynamic_cast<Kind*>(&settled())) return *kind;
    throw UsageError("preset '" + config.preset + "' " + what);
  }

  /// Of a classifier, if there are test images.
  std::optional<Measures> test() {
    auto* classifier = dynamic_cast<Classifier*>(model.get());
    if (!classifier || testing.host.count == 0) return std::nullopt;
    return classifier->evaluate(testing.pixels.u8(), testing.labels.u8(), testing.host.count);
  }

  /// A data set, and its copy on the device.
  struct Images {
    Images(Dataset data, Backend& backend, const Config& config)
        : host(std::move(data)), pixels(copy_of(host.pixels, backend)) {
      if (classifies(config))
        labels = copy_of(host.labels, backend);
      else if (config.classes > 0)
        labels = copy_of(codes_of(host.labels, config.classes), backend);
    }
    static Buffer copy_of(const std::vector<std::uint8_t>& bytes, Backend& backend) {
      if (bytes.empty()) return {};
      Buffer copy = backend.allocate(bytes.size());
      backend.upload(copy.u8(), bytes.data(), bytes.size());
      return copy;
    }
    Dataset host;
    Buffer pixels, labels;
  };

  /// Steps that were queued together.
  struct Group {
    std::vector<Batch> batches;
    double queued_at;
  };

  Group queue(std::int64_t most, double total_steps);
  void tell(const Group& group, const OnStep& on_step, bool& goes_on);
  StepResult account(const Measures& measures, std::int64_t rows, double seconds);
  std::int64_t steps_at_once() const;

  /// The model, which no step is under way to change.
  Model& settled() {
    if (queued_steps != state.step)
      throw Error(
          "the GPU is ahead of the step that was told last: a model can be sampled and "
          "saved at an epoch's last step, or when train() has ended");
    return *model;
  }

  Config config;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
  Images training, testing;
  TrainingState state;
  std::int64_t queued_steps = 0;  ///< state.step and those under way
  double seconds_per_step = 0;    ///< of the last group; 0: none yet
  double told_at = 0;             ///< when the last group's results were there
};

ImagesWanted images_wanted(const Config& config) {
  const SampleShape image = image_shape(config);
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

Dataset read_test_set(const Config& config) {
  if (!classifies(config)) return {};
  try {
    return read_data(config, images_wanted(config), Split::test);
  } catch (const Error& error) {
    spdlog::warn("trained without a test: {}", error.what());
    return {};
  }
}

Config checkpoint_config(const std::string& path) {
  const SafetensorsFile file(path);
  Config config = read_checkpoint_header(file).config;
  check_size(file, config);
  return config;
}

Trainer::Trainer(const Config& config, Dataset dataset, Dataset test) {
  check_data(dataset, config);
  if (test.count > 0) check_data(test, config);
  impl_ = std::make_unique<Impl>(config, std::move(dataset), std::move(test));
}
Trainer::~Trainer() = default;

void Trainer::load(const std::string& checkpoint) {
  const SafetensorsFile file(checkpoint);
  const CheckpointHeader header = read_checkpoint_header(file);
  const TrainingState& state = header.state;
  // Of a run that has kept its batch size, the steps tell the data set's size.
  const std::int64_t per_epoch = batches(impl_->training.host.count, header.config);
  const bool fits = static_cast<std::int64_t>(state.history.size()) == state.step / per_epoch &&
                    state.steps_in_epoch == state.step % per_epoch;
  if (state.images_in_epoch >= impl_->training.host.count || (state.changes.empty() && !fits))
    throw Error(checkpoint + ": it was not trained on '" + impl_->training.host.name + "': step " +
                std::to_string(state.step) + " does not fit epochs of " +
                std::to_string(per_epoch) +
                " steps; name its data set with --data DIR, or start anew from its weights with "
                "--init");
  load_tensors(file, impl_->settled(), Moments::load);
  impl_->state = header.state;
  impl_->queued_steps = header.state.step;
  for (SettingChange& change : changes_between(header.config, impl_->config, state.step))
    impl_->state.changes.push_back(std::move(change));
}

void Trainer::take_weights(const std::string& checkpoint) {
  const SafetensorsFile file(checkpoint);
  read_checkpoint_header(file);
  load_tensors(file, impl_->settled(), Moments::reset);
}

void Trainer::save(const std::string& path) {
  write_checkpoint(path, impl_->config, impl_->state, impl_->settled());
}

std::function<void(const std::string&)> Trainer::snapshot() {
  // A function is copied as it is handed on; its tensors need not be.
  const auto copy = std::make_shared<const CheckpointCopy>(
      copy_checkpoint(impl_->config, impl_->state, impl_->settled()));
  return [copy](const std::string& path) { write_checkpoint(path, *copy); };
}

void Trainer::save_weights(const std::string& path) {
  write_weights(path, impl_->config, impl_->state, impl_->settled());
}

std::int64_t Trainer::steps_per_epoch() const {
  return batches(impl_->training.host.count, impl_->config);
}

std::int64_t Trainer::total_steps() const {
  const Config& config = impl_->config;
  const TrainingState& state = impl_->state;
  if (config.steps) return config.steps;
  const std::int64_t epochs_left = config.epochs - static_cast<std::int64_t>(state.history.size());
  if (epochs_left <= 0) return state.step;
  return state.step + batches(impl_->training.host.count - state.images_in_epoch, config) +
         (epochs_left - 1) * steps_per_epoch();
}

EpochRecord TrainingState::current_epoch() const {
  EpochRecord record;
  record.epoch = static_cast<std::int64_t>(history.size()) + 1;
  for (std::size_t i = 0; i < sums.size(); ++i)
    record.means[i] = sums[i] / static_cast<double>(steps_in_epoch);
  record.seconds = epoch_seconds;
  return record;
}

// A GPU's work is queued for about this long, so that it never waits for the host, which answers
// Ctrl-C after twice as long.
constexpr double seconds_at_once = 0.05;
constexpr std::size_t groups_at_once = 2;

std::int64_t Trainer::Impl::steps_at_once() const {
  if (!backend->asynchronous() || seconds_per_step == 0) return 1;
  const double steps = seconds_at_once / seconds_per_step;
  return std::clamp(static_cast<std::int64_t>(steps), std::int64_t{1}, Model::most_steps);
}

/// Queues up to `most` steps, none past the end of the epoch.
Trainer::Impl::Group Trainer::Impl::queue(std::int64_t most, double total_steps) {
  Group group{.batches = {}, .queued_at = seconds_now()};
  const std::int64_t count = training.host.count;
  std::int64_t first = state.images_in_epoch, step = queued_steps;
  first += (queued_steps - state.step) * config.batch_size;
  for (; most > 0 && first < count; --most, ++step) {
    group.batches.push_back({.pixels = training.pixels.u8(),
                             .count = count,
                             .epoch = static_cast<std::int64_t>(state.history.size()),
                             .first = first,
                             .rows = std::min(config.batch_size, count - first),
                             .progress = static_cast<double>(step) / total_steps,
                             .labels = training.labels.u8()});
    first += config.batch_size;
  }
  if (!group.batches.empty()) model->queue_steps(group.batches, queued_steps);
  queued_steps = step;
  return group;
}

/// Adds a step to the state.
StepResult Trainer::Impl::account(const Measures& measures, std::int64_t rows, double seconds) {
  StepResult result;
  result.measures = measures;
  result.step = ++state.step;
  result.epoch = static_cast<std::int64_t>(state.history.size()) + 1;
  result.images = rows;
  result.ends_epoch = state.images_in_epoch + rows == training.host.count;
  result.milliseconds = seconds * 1e3;

  ++state.steps_in_epoch;
  state.images_in_epoch += rows;
  for (std::size_t i = 0; i < state.sums.size(); ++i) state.sums[i] += measures[i];
  state.epoch_seconds += seconds;
  if (result.ends_epoch) {
    EpochRecord record = state.current_epoch();
    record.test = test();
    state.history.push_back(record);
    state.steps_in_epoch = state.images_in_epoch = 0;
    state.sums = {};
    state.epoch_seconds = 0;
  }
  return result;
}

/// Waits for the steps of a group and tells their results.
void Trainer::Impl::tell(const Group& group, const OnStep& on_step, bool& goes_on) {
  const std::vector<Measures> measures = model->take_measures();
  const double now = seconds_now();
  seconds_per_step =
      (now - std::max(group.queued_at, told_at)) / static_cast<double>(measures.size());
  told_at = now;
  for (std::size_t i = 0; i < measures.size(); ++i)
    if (!on_step(account(measures[i], group.batches[i].rows, seconds_per_step))) goes_on = false;
}

void Trainer::train(std::int64_t steps, const OnStep& on_step) {
  Impl& impl = *impl_;
  impl.settled();
  const std::int64_t end = impl.state.step + steps;
  const auto total = static_cast<double>(total_steps());
  const std::size_t most_groups = impl.backend->asynchronous() ? groups_at_once : 1;
  std::deque<Impl::Group> under_way;
  bool goes_on = true;
  try {
    while (true) {
      while (goes_on && under_way.size() < most_groups && impl.queued_steps < end) {
        Impl::Group group =
            impl.queue(std::min(impl.steps_at_once(), end - impl.queued_steps), total);
        if (group.batches.empty()) break;  // the epoch's last step is under way
        under_way.push_back(std::move(group));
      }
      if (under_way.empty()) return;
      impl.tell(under_way.front(), on_step, goes_on);
      under_way.pop_front();
    }
  } catch (...) {
    impl.model->forget_measures();
    throw;
  }
}

StepResult Trainer::train_step() {
  StepResult result;
  train(1, [&](const StepResult& step) {
    result = step;
    return true;
  });
  return result;
}

void Trainer::set_frechet_distance(double distance) {
  impl_->state.history.back().frechet_distance = distance;
}

std::vector<float> Trainer::sample(std::int64_t count, std::uint64_t seed) {
  return impl_->as<Gan>("is a classifier, which draws no pictures").sample(count, seed);
}

std::vector<float> Trainer::probabilities(const Dataset& data) {
  auto& classifier = impl_->as<Classifier>("is a GAN, which tells no classes apart");
  check_shape(data, impl_->config);
  const PixelRange& range = classifier.spec().pixels;
  std::vector<float> images;
  images.reserve(data.pixels.size());
  for (const std::uint8_t pixel : data.pixels)
    images.push_back((static_cast<float>(pixel) - range.offset) / range.scale);
  return classifier.probabilities(images);
}

const Config& Trainer::config() const { return impl_->config; }
const Dataset& Trainer::dataset() const { return impl_->training.host; }
const Dataset& Trainer::test_set() const { return impl_->testing.host; }
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
const std::vector<std::string>& Trainer::measure_names() const {
  return dcgan::measure_names(impl_->config);
}
std::vector<NetworkInfo> Trainer::networks() const {
  std::vector<NetworkInfo> all;
  for (const Sequential* network : impl_->model->networks())
    all.push_back({network->name(), network->parameter_count(), network->moving_count()});
  return all;
}

}  // namespace dcgan
