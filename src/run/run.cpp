// The loop of a run: steps, epoch ends, checkpoints, stopping.
#include "run/run.h"

#include <cstdio>
#include <filesystem>

#include "image/image.h"
#include "plot/figure.h"
#include "run/run_folder.h"

namespace dcgan {
namespace {

// The grids of all epochs show the same noise, as the notebook's fixed seed does.
constexpr std::uint64_t grid_seed_offset = 0x9E3779B97F4A7C15u;
constexpr int grid_images = 16;

EpochRecord epoch_under_way(const TrainingState& state) {
  const auto steps = static_cast<double>(state.steps_in_epoch);
  return {static_cast<std::int64_t>(state.history.size()) + 1, state.sum_loss_generator / steps,
          state.sum_loss_discriminator / steps, state.epoch_seconds};
}

class Run {
 public:
  Run(Trainer& trainer, const RunOptions& options)
      : trainer_(trainer),
        options_(options),
        folder_(options.directory, options.checkpoint, trainer.state()) {}

  RunOutcome train() {
    folder_.write_config(trainer_.config());
    folder_.write_real_samples(trainer_.dataset());
    if (lacks_its_last_picture())
      finish_epoch(trainer_.state().history.back(), trainer_.state().history);
    const std::int64_t total = trainer_.total_steps();
    while (trainer_.state().step < total && !stopped()) {
      const StepResult step = trainer_.train_step();
      if (step.step % trainer_.config().log_every == 0) folder_.log(step);
      if (options_.after_step) options_.after_step(step, trainer_);
      if (step.ends_epoch) {
        // First what cannot be made again.
        if (step.epoch % trainer_.config().checkpoint_every == 0) save();
        finish_epoch(trainer_.state().history.back(), trainer_.state().history);
      }
    }
    folder_.flush();
    const TrainingState& state = trainer_.state();
    RunOutcome outcome;
    outcome.interrupted = state.step < total;
    if (!outcome.interrupted && state.steps_in_epoch > 0) {
      std::vector<EpochRecord> history = state.history;
      history.push_back(epoch_under_way(state));
      finish_epoch(history.back(), history);
    }
    if (saved_step_ != state.step) save();
    outcome.checkpoint = checkpoint_;
    outcome.summary = summary();
    return outcome;
  }

 private:
  bool stopped() const { return options_.stop && options_.stop->load(); }

  /// A run that ended between an epoch's checkpoint and its picture.
  bool lacks_its_last_picture() const {
    const TrainingState& state = trainer_.state();
    return !state.history.empty() && state.steps_in_epoch == 0 &&
           !std::filesystem::exists(folder_.grid_path(state.history.back().epoch));
  }

  void save() {
    checkpoint_ = folder_.checkpoint_path(trainer_.state());
    trainer_.save(checkpoint_);
    saved_step_ = trainer_.state().step;
  }

  void finish_epoch(const EpochRecord& epoch, const std::vector<EpochRecord>& history) {
    const std::uint64_t seed = trainer_.config().seed ^ grid_seed_offset;
    const std::vector<std::uint8_t> images = to_bytes(trainer_.sample(grid_images, seed));
    const Dataset& data = trainer_.dataset();
    folder_.write_grid(epoch.epoch, {images, grid_images, data.height, data.width, data.channels});
    folder_.write_gif(epoch.epoch);
    folder_.write_plot(preset_title(trainer_.config().preset), history);
    const std::string grid = folder_.grid_path(epoch.epoch);
    folder_.log(epoch, grid.substr(folder_.directory().size() + 1));
    folder_.flush();
    if (options_.after_epoch) options_.after_epoch(epoch, grid);
  }

  RunSummary summary() const {
    RunSummary s;
    s.title = preset_title(trainer_.config().preset);
    s.directory = folder_.directory();
    std::vector<EpochRecord> history = trainer_.state().history;
    if (trainer_.state().steps_in_epoch > 0) history.push_back(epoch_under_way(trainer_.state()));
    if (!history.empty()) s.final_grid = folder_.grid_path(history.back().epoch);
    for (const EpochRecord& e : history) {
      s.loss_generator.push_back(e.loss_generator);
      s.loss_discriminator.push_back(e.loss_discriminator);
      s.epoch_seconds.push_back(e.seconds);
    }
    s.generator_parameters = trainer_.generator_parameters();
    s.generator_moving_statistics = trainer_.generator_moving_statistics();
    s.discriminator_parameters = trainer_.discriminator_parameters();
    for (const SettingInfo& setting : settings(trainer_.config()))
      s.settings.emplace_back(setting.key, setting.value);
    return s;
  }

  Trainer& trainer_;
  const RunOptions& options_;
  RunFolder folder_;
  std::string checkpoint_;
  std::int64_t saved_step_ = -1;
};

}  // namespace

RunOutcome run_training(Trainer& trainer, const RunOptions& options) {
  return Run(trainer, options).train();
}

}  // namespace dcgan
