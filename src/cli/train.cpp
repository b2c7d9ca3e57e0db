// dcgan_cuda train: one preset, from scratch or resumed.
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"

namespace dcgan::cli {
namespace {

struct Options {
  std::string preset, out, resume, config_file;
  ConfigOptions settings;
};

/// What may change when a run is resumed: how long it goes on, where it runs, what it writes.
bool may_change(const std::string& key) {
  for (const char* free :
       {"data", "epochs", "steps", "backend", "threads", "checkpoint_every", "log_every"})
    if (key == free) return true;
  return false;
}

std::string value_of(const Config& config, const std::string& key) {
  for (const SettingInfo& s : settings(config))
    if (s.key == key) return s.value;
  return "";
}

Config resumed_config(const Options& o) {
  const Config stored = checkpoint_config(o.resume);
  Config wanted = stored;
  if (!o.config_file.empty())
    throw UsageError("--config and --resume exclude each other: the checkpoint has its settings");
  if (!o.preset.empty() && o.preset != stored.preset)
    throw UsageError("--preset " + o.preset + " does not fit " + o.resume +
                     ", which is a run of preset " + stored.preset);
  for (const auto& [key, value] : o.settings.given()) {
    set(wanted, key, value);
    if (!may_change(key) && value_of(wanted, key) != value_of(stored, key))
      throw UsageError(key + "=" + value + " does not fit " + o.resume +
                       ", which was trained with " + key + "=" + value_of(stored, key));
  }
  return wanted;
}

Config fresh_config(const Options& o) {
  if (!o.config_file.empty()) {
    if (!o.preset.empty())
      throw UsageError("--preset and --config exclude each other: the file names its preset");
    Config config = config_from_json(read_file(o.config_file), o.config_file);
    o.settings.apply(config);
    return config;
  }
  if (o.preset.empty()) throw UsageError("train needs --preset, --config or --resume");
  Config config = preset_config(o.preset);
  o.settings.apply(config);
  return config;
}

int run(const Options& o) {
  const Config config = o.resume.empty() ? fresh_config(o) : resumed_config(o);
  std::string out = o.out;
  if (out.empty()) {
    namespace fs = std::filesystem;
    out = o.resume.empty() ? "runs/" + config.preset
                           : fs::absolute(o.resume).parent_path().parent_path().string();
    const bool taken = o.resume.empty() && fs::exists(out + "/log.jsonl");
    for (int n = 2; taken && fs::exists(out + "/log.jsonl"); ++n)
      out = "runs/" + config.preset + "-" + std::to_string(n);
  } else if (o.resume.empty() && std::filesystem::exists(out + "/log.jsonl")) {
    throw Error(out + ": a run is there already; name another folder, or go on with --resume");
  }
  ensure_writable_directory(out);
  Trainer trainer(config, read_dataset(config));
  if (!o.resume.empty()) {
    trainer.load(o.resume);
    if (trainer.state().step >= trainer.total_steps())
      throw UsageError(o.resume + " is at step " + std::to_string(trainer.state().step) + " of " +
                       std::to_string(trainer.total_steps()) +
                       ": nothing is left to do; give more --epochs or --steps");
  }
  install_stop_handler();
  return train_with_progress(trainer, out, o.resume).interrupted ? interrupted : done;
}

}  // namespace

void add_train(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("train", "Train a preset");
  auto o = std::make_shared<Options>();
  command->add_option("--preset", o->preset, "vanilla, dcgan, tf-tutorial or vanilla-64");
  command->add_option("--config", o->config_file, "Settings from a run's config.json");
  command->add_option("--resume", o->resume, "Go on from a checkpoint");
  command->add_option("--out", o->out, "Run folder (default: runs/PRESET)");
  o->settings.add(*command);
  command->callback([o, &status] { status = run(*o); });
}

}  // namespace dcgan::cli
