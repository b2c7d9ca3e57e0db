// Options of the command line that stand for settings.
#include "cli/commands.h"
#include "dcgan/error.h"

namespace dcgan::cli {
namespace {

/// What a resumed run may do otherwise: how long it trains, where, what it writes, and how it
/// trains the networks that there are.
bool may_change(const std::string& key) {
  for (const char* free :
       {"data", "epochs", "steps", "backend", "threads", "checkpoint_every", "pictures_every",
        "evaluate_every", "keep", "log_every", "batch_size", "dropout", "label_smoothing",
        "discriminator_steps", "flip", "loss", "penalty", "average", "tensorboard"})
    if (key == free) return true;
  return key == "precision" || key.starts_with("generator.") || key.starts_with("discriminator.") ||
         key.starts_with("classifier.");
}

/// What decides which pictures a run trains on.
bool chooses_pictures(const std::string& key) {
  for (const char* choice : {"data", "fit", "background", "channels"})
    if (key == choice) return true;
  return false;
}

std::string value_of(const Config& config, const std::string& key) {
  for (const SettingInfo& s : settings(config))
    if (s.key == key) return s.value;
  return "";
}

}  // namespace

void ConfigOptions::add(CLI::App& app) {
  const auto setting = [&](const std::string& option, const std::string& key,
                           const std::string& help, const std::string& type) {
    app.add_option_function<std::string>(
           option, [this, key](const std::string& value) { named_.emplace_back(key, value); }, help)
        ->type_name(type);
  };
  setting("--data", "data",
          "The data set's folder or file (default: $DCGAN_DATA, else Debian's package)", "DIR");
  setting("--epochs", "epochs", "Passes over the data set", "N");
  setting("--steps", "steps", "Total number of training steps, instead of epochs", "N");
  setting("--batch-size", "batch_size", "Images per step", "N");
  setting("--seed", "seed", "Seed of everything random", "N");
  setting("--backend", "backend", "auto, cuda, simt or cpu", "B");
  setting("--precision", "precision",
          "Of dense layers and convolutions: fp32; tf32x3 or tf32, on tensor cores", "P");
  setting("--threads", "threads", "Threads of the cpu backend (0: one per core that may be used)",
          "N");
  setting("--evaluate-every", "evaluate_every",
          "Evaluate samples beside the test images every N epochs, as 'evaluate' does (0: never)",
          "N");
  setting("--keep", "keep", "Keep only the N newest checkpoints, and the best (0: all)", "N");
  add_set(app);
}

void ConfigOptions::add_set(CLI::App& app) {
  app.add_option("--set", set_, "Any setting; 'dcgan_cuda info' lists them")
      ->type_name("KEY=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

std::vector<std::pair<std::string, std::string>> ConfigOptions::given() const {
  auto all = named_;
  for (const std::string& assignment : set_) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError("--set " + assignment + ": expected KEY=VALUE");
    all.emplace_back(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  return all;
}

void ConfigOptions::apply(Config& config) const {
  for (const auto& [key, value] : given()) apply(config, key, value);
  choose_length(config);
}

/// Whoever chooses pictures need not say their checksum.
void ConfigOptions::apply(Config& config, const std::string& key, const std::string& value) {
  set(config, key, value);
  if (chooses_pictures(key)) config.data_checksum.clear();
}

bool ConfigOptions::give_length() const {
  for (const auto& [key, value] : given())
    if (key == "epochs" || key == "steps") return true;
  return false;
}

/// What was given decides how long a run is, not a number of steps that it had before.
void ConfigOptions::choose_length(Config& config) const {
  bool epochs = false, steps = false;
  for (const auto& [key, value] : given()) {
    epochs = epochs || key == "epochs";
    steps = steps || key == "steps";
  }
  if (epochs && !steps) config.steps = 0;
  if (epochs && steps && config.steps > 0)
    throw UsageError("--steps and --epochs exclude each other: give one of them");
}

void ConfigOptions::apply_to_resumed(Config& config, const std::string& checkpoint) const {
  const Config stored = config;
  for (const auto& [key, value] : given()) {
    apply(config, key, value);
    if (!may_change(key) && value_of(config, key) != value_of(stored, key))
      throw UsageError(key + "=" + value + " does not fit " + checkpoint +
                       ", which was trained with " + key + "=" + value_of(stored, key));
  }
  choose_length(config);
}

}  // namespace dcgan::cli
