#include "run/pictures.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "dcgan/error.h"
#include "dcgan/generator.h"
#include "image/image.h"
#include "models/models.h"
#include "plot/figure.h"
#include "plot/predictions.h"
#include "run/health.h"

namespace dcgan {
namespace {

// The grids of all epochs show the same noise, as the notebook's fixed seed does.
constexpr std::uint64_t grid_seed_offset = 0x9E3779B97F4A7C15u;
constexpr int grid_images = 16;

class GanPictures : public Pictures {
 public:
  GanPictures(Trainer& trainer, RunFolder& folder)
      : trainer_(trainer), folder_(folder), watch_(trainer.dataset()) {}

  std::string of_epoch(std::int64_t epoch) const override { return folder_.grid_path(epoch); }

  std::function<void()> take(std::vector<EpochRecord> epochs) override {
    std::vector<float> samples = trainer_.sample(grid_images, grid_seed());
    const std::string warning = watch_.after_epoch(epochs.back(), trainer_.state().step, samples);
    if (!warning.empty()) spdlog::warn("{}", warning);
    return [this, epochs = std::move(epochs), samples = std::move(samples)] {
      write_grid(epochs.back().epoch, samples);
      folder_.extend_gif(epochs.back().epoch);
      folder_.write_losses(trainer_.config().preset, epochs);
      folder_.write_distances(trainer_.config().preset, epochs);
    };
  }

  /// Grids from their epochs' checkpoints; GIF and plot are made anew.
  void draw_what_is_missing() override {
    const TrainingState& state = trainer_.state();
    if (state.history.empty()) return;
    const bool complete = state.step >= trainer_.total_steps();
    for (const EpochRecord& epoch : state.history) {
      const bool last = state.steps_in_epoch == 0 && epoch.epoch == state.history.back().epoch;
      if (!draws_epoch(epoch.epoch, trainer_.config(), last && complete) ||
          folder_.has_grid(epoch.epoch))
        continue;
      try {
        write_grid(epoch.epoch,
                   last ? trainer_.sample(grid_images, grid_seed()) : sample_saved(epoch.epoch));
      } catch (const Error& error) {
        spdlog::warn("epoch {} stays without its picture: {}", epoch.epoch, error.what());
      }
    }
    folder_.write_gif(state.history.back().epoch);
    folder_.write_losses(trainer_.config().preset, state.history);
    folder_.write_distances(trainer_.config().preset, state.history);
  }

 private:
  std::uint64_t grid_seed() const { return trainer_.config().seed ^ grid_seed_offset; }

  void write_grid(std::int64_t epoch, const std::vector<float>& samples) const {
    const std::vector<std::uint8_t> images = to_bytes(samples);
    const Dataset& data = trainer_.dataset();
    folder_.write_grid(epoch, {images, grid_images, data.height, data.width, data.channels});
  }

  std::vector<float> sample_saved(std::int64_t epoch) const {
    const Config& config = trainer_.config();
    Generator generator(folder_.checkpoint_path(epoch), config.backend, config.threads);
    return generator.sample(grid_images, grid_seed());
  }

  Trainer& trainer_;
  RunFolder& folder_;
  CollapseWatch watch_;
};

class ClassifierPictures : public Pictures {
 public:
  ClassifierPictures(Trainer& trainer, RunFolder& folder)
      : trainer_(trainer),
        folder_(folder),
        shown_(
            first_images(trainer.test_set().count > 0 ? trainer.test_set() : trainer.dataset())) {}

  std::string of_epoch(std::int64_t) const override { return ""; }

  std::function<void()> take(std::vector<EpochRecord> epochs) override {
    return [this, epochs = std::move(epochs), probabilities = trainer_.probabilities(shown_)] {
      folder_.write_losses(trainer_.config().preset, epochs);
      folder_.write_predictions(shown_, probabilities);
    };
  }

  void draw_what_is_missing() override {
    if (!trainer_.state().history.empty()) take(trainer_.state().history)();
  }

 private:
  /// As many as the tutorial shows.
  static Dataset first_images(const Dataset& data) {
    constexpr std::int64_t most = 15;
    Dataset first = data;
    first.count = std::min(most, data.count);
    first.pixels.resize(static_cast<std::size_t>(first.count) * data.image_bytes());
    first.labels.resize(static_cast<std::size_t>(first.count));
    return first;
  }

  Trainer& trainer_;
  RunFolder& folder_;
  Dataset shown_;
};

}  // namespace

bool draws_epoch(std::int64_t epoch, const Config& config, bool last_of_run) {
  return epoch % config.pictures_every == 0 || last_of_run;
}

std::unique_ptr<Pictures> make_pictures(Trainer& trainer, RunFolder& folder) {
  if (task_of(trainer.config().preset) == Task::classifier)
    return std::make_unique<ClassifierPictures>(trainer, folder);
  return std::make_unique<GanPictures>(trainer, folder);
}

}  // namespace dcgan
