// dcgan_cuda train: one preset, from scratch or resumed.
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"

namespace dcgan::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string preset, out, resume, config_file;
  ConfigOptions settings;
};

Config resumed_config(const Options& o) {
  if (!o.config_file.empty())
    throw UsageError("--config and --resume exclude each other: the checkpoint has its settings");
  Config config = checkpoint_config(o.resume);
  if (!o.preset.empty() && o.preset != config.preset)
    throw UsageError("--preset " + o.preset + " does not fit " + o.resume +
                     ", which is a run of preset " + config.preset);
  o.settings.apply_to_resumed(config, o.resume);
  return config;
}

Config fresh_config(const Options& o) {
  if (!o.config_file.empty()) {
    if (!o.preset.empty())
      throw UsageError("--preset and --config exclude each other: the file names its preset");
    constexpr std::size_t most_config_bytes = 1 << 20;
    Config config = config_from_json(read_file(o.config_file, most_config_bytes), o.config_file);
    o.settings.apply(config);
    return config;
  }
  if (o.preset.empty()) throw UsageError("train needs --preset, --config or --resume");
  Config config = preset_config(o.preset);
  o.settings.apply(config);
  return config;
}

bool has_run(const std::string& folder) { return fs::exists(folder + "/log.jsonl"); }

/// The run folder whose checkpoints/ holds the file; empty if it lies elsewhere.
std::string run_folder_of(const std::string& checkpoint) {
  const fs::path checkpoints = fs::absolute(checkpoint).parent_path();
  return checkpoints.filename() == "checkpoints" ? checkpoints.parent_path().string() : "";
}

std::string out_folder(const Options& o, const Config& config) {
  if (!o.resume.empty()) {
    const std::string own = run_folder_of(o.resume);
    if (o.out.empty() && own.empty())
      throw UsageError(o.resume + " is not in a run folder: name a folder with --out");
    std::error_code none;
    if (!o.out.empty() && has_run(o.out) && !fs::equivalent(o.out, own, none))
      throw Error(o.out + ": it already holds another run; name another folder with --out");
    return o.out.empty() ? own : o.out;
  }
  if (!o.out.empty()) {
    if (has_run(o.out))
      throw Error(o.out +
                  ": it already holds a run; name another folder, or continue it with --resume");
    return o.out;
  }
  std::string out = "runs/" + config.preset;
  for (int n = 2; has_run(out); ++n) out = "runs/" + config.preset + "-" + std::to_string(n);
  return out;
}

int run(const Options& o) {
  const Config config = o.resume.empty() ? fresh_config(o) : resumed_config(o);
  const std::string out = out_folder(o, config);
  Trainer trainer(config, read_dataset(config));
  if (!o.resume.empty()) {
    trainer.load(o.resume);
    if (trainer.state().step >= trainer.total_steps())
      throw UsageError(o.resume + " is at step " + std::to_string(trainer.state().step) + " of " +
                       std::to_string(trainer.total_steps()) +
                       ": nothing is left to do; give more --epochs or --steps");
  }
  install_stop_handler();
  const RunOutcome outcome = train_with_progress(trainer, out, o.resume);
  if (!outcome.interrupted) return done;
  print_resume_command("train --resume " + shell_word(outcome.checkpoint));
  return interrupted;
}

}  // namespace

void add_train(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("train", "Train a preset");
  auto o = std::make_shared<Options>();
  command->add_option("--preset", o->preset,
                      "vanilla, dcgan, tf-tutorial, vanilla-64, dcgan-32, dcgan-64 or dcgan-128");
  command->add_option("--config", o->config_file, "Settings from a run's config.json");
  command->add_option("--resume", o->resume, "Resume from a checkpoint");
  command->add_option("--out", o->out, "Run folder (default: runs/PRESET)");
  o->settings.add(*command);
  command->callback([o, &status] { status = run(*o); });
}

}  // namespace dcgan::cli
