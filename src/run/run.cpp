// The loop of a run: steps, epoch ends, checkpoints, pictures, stopping.
#include "run/run.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "dcgan/error.h"
#include "models/models.h"
#include "run/background_writer.h"
#include "run/evaluation.h"
#include "run/health.h"
#include "run/kept_checkpoints.h"
#include "run/pictures.h"
#include "run/run_events.h"
#include "run/run_folder.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

// A checkpoint and pictures for each of two epochs: enough that a slow write now and then delays no
// step, and few enough copies of a large network's state.
constexpr std::size_t most_jobs = 4;

/// All epochs, an unfinished one among them.
std::vector<EpochRecord> epochs_of(const TrainingState& state) {
  std::vector<EpochRecord> epochs = state.history;
  if (state.steps_in_epoch > 0) epochs.push_back(state.current_epoch());
  return epochs;
}

class Run {
 public:
  Run(Trainer& trainer, const RunOptions& options)
      : trainer_(trainer),
        options_(options),
        evaluator_(trainer),
        folder_(options.directory, options.checkpoint, trainer.state()),
        checkpoints_(options.directory, trainer.config().keep, trainer.state(),
                     task_of(trainer.config().preset)),
        pictures_(make_pictures(trainer, folder_)),
        checkpoint_(options.checkpoint) {}

  RunOutcome train() {
    // The settings first: by them a folder is known to be a run's.
    folder_.write_config(trainer_.config(), trainer_.state());
    events_.emplace(options_.directory, options_.checkpoint, trainer_.config(), trainer_.state());
    folder_.write_real_samples(trainer_.dataset());
    folder_.log_changes(trainer_.state());
    recognise_checkpoint();
    pictures_->draw_what_is_missing();
    if (!stopped())
      trainer_.train(trainer_.total_steps() - trainer_.state().step, [&](const StepResult& step) {
        take(step);
        return !stopped();
      });
    RunOutcome outcome;
    outcome.interrupted = !complete();
    if (complete() && trainer_.state().steps_in_epoch > 0) finish_epoch();
    save();
    writer_.finish();
    outcome.checkpoint = checkpoint_;
    outcome.summary = summary();
    return outcome;
  }

 private:
  /// What cannot be written ends a run as its user does.
  bool stopped() const { return (options_.stop && options_.stop->load()) || writer_.failed(); }
  bool complete() const { return trainer_.state().step >= trainer_.total_steps(); }

  void take(const StepResult& step) {
    const std::string divergence = dcgan::divergence(step, trainer_.measure_names());
    if (step.step % trainer_.config().log_every == 0 || !divergence.empty()) log(step);
    if (!divergence.empty()) stop_diverged(divergence);
    if (options_.after_step) options_.after_step(step, trainer_);
    if (step.ends_epoch) finish_epoch();
  }

  void log(const StepResult& step) {
    folder_.log(step, trainer_.measure_names());
    events_->log(step, trainer_.measure_names());
  }

  /// A run resumed from this folder need not save what it comes from.
  void recognise_checkpoint() {
    const std::string own = folder_.checkpoint_path(trainer_.state());
    std::error_code none;
    if (!fs::equivalent(options_.checkpoint, own, none)) return;
    checkpoint_ = own;
    saved_step_ = trainer_.state().step;
  }

  void sync_logs() {
    folder_.sync_log();
    events_->sync();
  }

  void save() {
    if (saved_step_ == trainer_.state().step) return;
    writer_.queue([this, write = trainer_.snapshot(), state = trainer_.state()] {
      try {
        write_checkpoint(write, state);
      } catch (const Error&) {
        // It ends the run, but what is wrong may pass, and the state cannot be made anew.
        write_checkpoint(write, state);
        throw;
      }
    });
    saved_step_ = trainer_.state().step;
  }

  /// The log first: it is never behind the checkpoint.
  void write_checkpoint(const std::function<void(const std::string&)>& write,
                        const TrainingState& state) {
    sync_logs();
    const std::string path = folder_.checkpoint_path(state);
    write(path);
    checkpoint_ = path;
    checkpoints_.add(path, state);
  }

  [[noreturn]] void stop_diverged(const std::string& why) {
    writer_.finish();
    sync_logs();
    throw Error(why + (checkpoint_.empty() ? "" : "; the newest checkpoint is " + checkpoint_));
  }

  /// The end of an epoch, or of the run within one. What fails of it ends the run, but its state,
  /// which cannot be made anew, is saved.
  void finish_epoch() {
    try {
      close_epoch();
    } catch (const Error&) {
      save();
      throw;
    }
  }

  void close_epoch() {
    const std::optional<Evaluation> evaluation = evaluate();
    const std::vector<EpochRecord> epochs = epochs_of(trainer_.state());
    const EpochRecord& epoch = epochs.back();
    const bool draws = draws_epoch(epoch.epoch, trainer_.config(), complete());
    const std::string grid = draws ? pictures_->of_epoch(epoch.epoch) : "";
    folder_.log(epoch, trainer_.measure_names(), grid, evaluation);
    events_->log(epoch, trainer_.state().step, trainer_.measure_names(), evaluation);
    if (complete() || epoch.epoch % trainer_.config().checkpoint_every == 0) save();
    if (draws) writer_.queue(pictures_->take(epochs));
    if (options_.after_epoch) options_.after_epoch(epoch, grid);
  }

  /// Of the epoch that ends, if it has a turn.
  std::optional<Evaluation> evaluate() {
    const TrainingState& state = trainer_.state();
    const bool whole = state.steps_in_epoch == 0;
    const auto epoch = static_cast<std::int64_t>(state.history.size());
    if (!evaluator_.has_turn(epoch, complete())) return std::nullopt;
    Evaluation evaluation = evaluator_.evaluate();
    if (whole) trainer_.set_frechet_distance(evaluation.generated.distances.frechet);
    if (evaluation.collapsed())
      spdlog::warn(
          "epoch {}: the generator has collapsed: effective classes, coverage and spread of its "
          "pictures are all below half of what real ones have",
          whole ? epoch : epoch + 1);
    return evaluation;
  }

  RunSummary summary() const {
    RunSummary s;
    s.title = preset_title(trainer_.config().preset);
    s.directory = folder_.directory();
    for (const EpochRecord& e : epochs_of(trainer_.state())) {
      const std::string grid = pictures_->of_epoch(e.epoch);
      if (fs::exists(grid)) s.final_grid = grid;
    }
    s.epochs = epochs_of(trainer_.state());
    s.networks = trainer_.networks();
    for (const SettingInfo& setting : settings(trainer_.config()))
      s.settings.emplace_back(setting.key, setting.value);
    return s;
  }

  Trainer& trainer_;
  const RunOptions& options_;
  RunEvaluator evaluator_;
  RunFolder folder_;
  std::optional<RunEvents> events_;  ///< once the folder is prepared
  KeptCheckpoints checkpoints_;
  std::unique_ptr<Pictures> pictures_;
  std::string checkpoint_;              ///< the writer's to change while it has jobs
  std::int64_t saved_step_ = -1;        ///< or about to be
  BackgroundWriter writer_{most_jobs};  ///< the last, as its jobs use all else
};

}  // namespace

RunOutcome run_training(Trainer& trainer, const RunOptions& options) {
  return Run(trainer, options).train();
}

}  // namespace dcgan
