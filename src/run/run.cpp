// The loop of a run: steps, epoch ends, checkpoints, pictures, stopping.
#include "run/run.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <system_error>

#include "dcgan/error.h"
#include "dcgan/generator.h"
#include "image/image.h"
#include "plot/figure.h"
#include "run/health.h"
#include "run/kept_checkpoints.h"
#include "run/run_folder.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

// The grids of all epochs show the same noise, as the notebook's fixed seed does.
constexpr std::uint64_t grid_seed_offset = 0x9E3779B97F4A7C15u;
constexpr int grid_images = 16;

EpochRecord current_epoch(const TrainingState& state) {
  const auto steps = static_cast<double>(state.steps_in_epoch);
  return {static_cast<std::int64_t>(state.history.size()) + 1, state.sum_loss_generator / steps,
          state.sum_loss_discriminator / steps, state.epoch_seconds};
}

/// All epochs, an unfinished one among them.
std::vector<EpochRecord> epochs_of(const TrainingState& state) {
  std::vector<EpochRecord> epochs = state.history;
  if (state.steps_in_epoch > 0) epochs.push_back(current_epoch(state));
  return epochs;
}

class Run {
 public:
  Run(Trainer& trainer, const RunOptions& options)
      : trainer_(trainer),
        options_(options),
        folder_(options.directory, options.checkpoint, trainer.state()),
        checkpoints_(options.directory, trainer.config().keep, trainer.state()),
        watch_(trainer.dataset()),
        checkpoint_(options.checkpoint) {}

  RunOutcome train() {
    folder_.write_config(trainer_.config(), trainer_.state());
    folder_.write_real_samples(trainer_.dataset());
    folder_.log_changes(trainer_.state());
    recognise_checkpoint();
    draw_what_is_missing();
    while (trainer_.state().step < trainer_.total_steps() && !stopped()) {
      const StepResult step = trainer_.train_step();
      const std::string divergence = dcgan::divergence(step);
      if (step.step % trainer_.config().log_every == 0 || !divergence.empty()) folder_.log(step);
      if (!divergence.empty()) stop_diverged(divergence);
      if (options_.after_step) options_.after_step(step, trainer_);
      if (step.ends_epoch) finish_epoch();
    }
    RunOutcome outcome;
    outcome.interrupted = !complete();
    if (complete() && trainer_.state().steps_in_epoch > 0) finish_epoch();
    save();
    outcome.checkpoint = checkpoint_;
    outcome.summary = summary();
    return outcome;
  }

 private:
  bool stopped() const { return options_.stop && options_.stop->load(); }
  bool complete() const { return trainer_.state().step >= trainer_.total_steps(); }

  /// A run resumed from this folder need not save what it comes from.
  void recognise_checkpoint() {
    const std::string own = folder_.checkpoint_path(trainer_.state());
    std::error_code none;
    if (!fs::equivalent(options_.checkpoint, own, none)) return;
    checkpoint_ = own;
    saved_step_ = trainer_.state().step;
  }

  /// The log first: it is never behind the checkpoint.
  void save() {
    if (saved_step_ == trainer_.state().step) return;
    folder_.sync_log();
    checkpoint_ = folder_.checkpoint_path(trainer_.state());
    trainer_.save(checkpoint_);
    saved_step_ = trainer_.state().step;
    checkpoints_.add(checkpoint_, trainer_.state());
  }

  [[noreturn]] void stop_diverged(const std::string& why) {
    folder_.sync_log();
    throw Error(why + (checkpoint_.empty() ? "" : "; the newest checkpoint is " + checkpoint_));
  }

  /// The end of an epoch, or of the run within one. State first, which cannot be made anew; then
  /// pictures.
  void finish_epoch() {
    const std::vector<EpochRecord> epochs = epochs_of(trainer_.state());
    const EpochRecord& epoch = epochs.back();
    const std::string grid = draws(epoch.epoch) ? folder_.grid_path(epoch.epoch) : "";
    folder_.log(epoch, grid);
    if (complete() || epoch.epoch % trainer_.config().checkpoint_every == 0) save();
    try {
      if (!grid.empty()) draw(epochs);
    } catch (const Error&) {
      save();
      throw;
    }
    if (options_.after_epoch) options_.after_epoch(epoch, grid);
  }

  /// Whether an epoch has a picture: every n-th, and the run's last.
  bool draws(std::int64_t epoch) const {
    return epoch % trainer_.config().pictures_every == 0 || complete();
  }

  void draw(const std::vector<EpochRecord>& epochs) {
    const std::vector<float> samples = trainer_.sample(grid_images, grid_seed());
    write_grid(epochs.back().epoch, samples);
    folder_.extend_gif(epochs.back().epoch);
    folder_.write_plot(preset_title(trainer_.config().preset), epochs);
    const std::string warning = watch_.after_epoch(epochs.back(), trainer_.state().step, samples);
    if (!warning.empty()) spdlog::warn("{}", warning);
  }

  std::uint64_t grid_seed() const { return trainer_.config().seed ^ grid_seed_offset; }

  void write_grid(std::int64_t epoch, const std::vector<float>& samples) const {
    const std::vector<std::uint8_t> images = to_bytes(samples);
    const Dataset& data = trainer_.dataset();
    folder_.write_grid(epoch, {images, grid_images, data.height, data.width, data.channels});
  }

  /// A run that was killed, or whose disk was full, may lack pictures, or show old ones: grids are
  /// drawn from their epochs' checkpoints, GIF and plot are made anew.
  void draw_what_is_missing() {
    const TrainingState& state = trainer_.state();
    if (state.history.empty()) return;
    for (const EpochRecord& epoch : state.history) {
      const bool last = state.steps_in_epoch == 0 && epoch.epoch == state.history.back().epoch;
      if (!(epoch.epoch % trainer_.config().pictures_every == 0 || (last && complete())) ||
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
    folder_.write_plot(preset_title(trainer_.config().preset), state.history);
  }

  std::vector<float> sample_saved(std::int64_t epoch) const {
    const Config& config = trainer_.config();
    Generator generator(folder_.checkpoint_path(epoch), config.backend, config.threads);
    return generator.sample(grid_images, grid_seed());
  }

  RunSummary summary() const {
    RunSummary s;
    s.title = preset_title(trainer_.config().preset);
    s.directory = folder_.directory();
    for (const EpochRecord& e : epochs_of(trainer_.state())) {
      if (fs::exists(folder_.grid_path(e.epoch))) s.final_grid = folder_.grid_path(e.epoch);
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
  KeptCheckpoints checkpoints_;
  CollapseWatch watch_;
  std::string checkpoint_;
  std::int64_t saved_step_ = -1;
};

}  // namespace

RunOutcome run_training(Trainer& trainer, const RunOptions& options) {
  return Run(trainer, options).train();
}

}  // namespace dcgan
