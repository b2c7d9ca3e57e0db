// dcgan_cuda train: one preset, from scratch or resumed.
#include <filesystem>
#include <memory>
#include <system_error>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "run/folder_lock.h"
#include "train/run_checkpoints.h"

namespace dcgan::cli {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string preset, out, resume, init, config_file, weights;
  ConfigOptions settings;
};

/// What is to be trained, and where.
struct Plan {
  Config config;
  std::string checkpoint;  ///< to resume; empty: from scratch
  std::string own_folder;  ///< of the checkpoint's run, or of the run to begin anew; may be empty
};

Config read_config(const std::string& path) {
  constexpr std::size_t most_bytes = 1 << 20;
  return config_from_json(read_file(path, most_bytes), path);
}

/// The run folder whose checkpoints/ holds the file; empty if it lies elsewhere.
std::string run_folder_of(const std::string& checkpoint) {
  const fs::path checkpoints = fs::absolute(checkpoint).parent_path();
  return checkpoints.filename() == "checkpoints" ? checkpoints.parent_path().string() : "";
}

Plan resumed_plan(const TrainOptions& o) {
  if (!o.config_file.empty() || !o.init.empty())
    throw UsageError(
        "--resume excludes --config and --init: the checkpoint has its settings and weights");
  Plan plan;
  if (!fs::is_directory(o.resume)) {
    plan.checkpoint = o.resume;
    plan.own_folder = run_folder_of(o.resume);
  } else {
    plan.own_folder = o.resume;
    if (is_main_job(o.resume))
      throw UsageError(o.resume + ": it holds a main job; go on with 'dcgan_cuda --resume " +
                       shell_word(o.resume) + "'");
    // Killed before its first checkpoint, a run begins anew.
    const std::string config = o.resume + "/config.json";
    if (!has_checkpoints(o.resume) && fs::exists(config))
      plan.config = read_config(config);
    else
      plan.checkpoint = find_checkpoint(o.resume);
  }
  if (!plan.checkpoint.empty()) plan.config = checkpoint_config(plan.checkpoint);
  if (!o.preset.empty() && o.preset != plan.config.preset)
    throw UsageError("--preset " + o.preset + " does not fit " + o.resume +
                     ", which is a run of preset " + plan.config.preset);
  o.settings.apply_to_resumed(plan.config, o.resume);
  return plan;
}

/// The settings of a run that takes over the weights of another: those of the other, as far as
/// nothing else is said, for as many epochs.
Config initialised_config(const TrainOptions& o) {
  const std::string checkpoint = find_checkpoint(o.init);
  Config config = checkpoint_config(checkpoint);
  if (!o.preset.empty() && o.preset != config.preset)
    throw UsageError("--preset " + o.preset + " does not fit --init " + o.init +
                     ", which is a run of preset " + config.preset);
  config.init = fs::absolute(checkpoint).lexically_normal().string();
  config.steps = 0;
  return config;
}

Config fresh_config(const TrainOptions& o) {
  const bool of_file = !o.config_file.empty(), of_weights = !o.init.empty();
  if (of_file && !o.preset.empty())
    throw UsageError("--preset and --config exclude each other: the file names its preset");
  if (of_file && of_weights)
    throw UsageError("--config and --init exclude each other: the checkpoint has its settings");
  if (!of_file && !of_weights && o.preset.empty())
    throw UsageError("train needs --preset, --config, --init or --resume");
  Config config = of_file      ? read_config(o.config_file)
                  : of_weights ? initialised_config(o)
                               : preset_config(o.preset);
  o.settings.apply(config);
  return config;
}

/// Throws Error if --out names a folder in which no new run may begin.
void check_named_folder(const TrainOptions& o, const Plan& plan) {
  std::error_code none;
  if (o.out.empty() || fs::equivalent(o.out, plan.own_folder, none)) return;
  const std::string hindrance = hindrance_to_new_run(o.out);
  if (!hindrance.empty()) throw Error(hindrance);
}

/// Refuses an output folder before the data are read, which may take long.
void check_out_folder(const TrainOptions& o, const Plan& plan) {
  if (!o.resume.empty() && o.out.empty() && plan.own_folder.empty())
    throw UsageError(o.resume + " is not in a run folder: name a folder with --out");
  check_named_folder(o, plan);
}

/// The folder that is asked for or resumed, else the first free one of the preset's name.
FolderLock lock_out_folder(const TrainOptions& o, const Plan& plan) {
  const std::string named = o.out.empty() ? plan.own_folder : o.out;
  if (named.empty())
    return FolderLock::lock_first_free("runs/" + plan.config.preset, hindrance_to_new_run);
  FolderLock folder = FolderLock::lock(named);
  check_named_folder(o, plan);  // another run may have ended there in the meantime
  return folder;
}

int run(const TrainOptions& o) {
  const Plan plan = o.resume.empty() ? Plan{fresh_config(o), "", ""} : resumed_plan(o);
  check_out_folder(o, plan);
  Trainer trainer(plan.config, read_dataset(plan.config), read_test_set(plan.config));
  if (!plan.checkpoint.empty()) {
    trainer.load(plan.checkpoint);
  } else if (!plan.config.init.empty()) {
    trainer.take_weights(plan.config.init);
  }
  const TrainingState& state = trainer.state();
  const bool complete = state.step >= trainer.total_steps();
  if (complete && o.settings.give_length())
    throw UsageError(o.resume + " is at step " + std::to_string(state.step) + " of " +
                     std::to_string(trainer.total_steps()) +
                     ": nothing is left to do; give more --epochs or --steps");
  const FolderLock folder = lock_out_folder(o, plan);
  install_stop_handler();
  const RunOutcome outcome = train_with_progress(trainer, folder.path(), plan.checkpoint);
  if (complete)
    say("all {} steps were trained before; train on with --epochs or --steps\n", state.step);
  if (!outcome.interrupted) {
    if (!o.weights.empty()) trainer.save_weights(o.weights);
    return done;
  }
  print_resume_command("train --resume " + shell_word(outcome.checkpoint));
  return interrupted;
}

}  // namespace

void add_train(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("train", "Train a preset");
  auto o = std::make_shared<TrainOptions>();
  std::string presets;
  for (const std::string& name : preset_names()) presets += (presets.empty() ? "" : ", ") + name;
  command->add_option("--preset", o->preset, presets);
  command->add_option("--init", o->init,
                      "Begin with the weights of a checkpoint, or of a run folder's newest");
  command->add_option("--config", o->config_file, "Settings from a run's config.json");
  command->add_option("--resume", o->resume,
                      "Resume from a checkpoint, or from a run folder's newest");
  command->add_option("--weights", o->weights,
                      "Write the weights to this file in the end: a checkpoint without Adam's "
                      "moments, of a third of the size");
  command->add_option("--out", o->out, "Run folder (default: runs/PRESET)");
  o->settings.add(*command);
  command->callback([o, &status] { status = run(*o); });
}

}  // namespace dcgan::cli
