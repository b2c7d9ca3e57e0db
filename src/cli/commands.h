// The subcommands of dcgan_cuda, one file each: each adds its options to the parser and, when it is
// chosen, runs and sets the exit status.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "dcgan/config.h"

namespace dcgan::cli {

enum ExitStatus { done = 0, failed = 1, wrong_usage = 2, interrupted = 130 };

void add_train(CLI::App& app, int& status);
void add_sample(CLI::App& app, int& status);
void add_evaluate(CLI::App& app, int& status);
void add_replay(CLI::App& app, int& status);
void add_kernels(CLI::App& app, int& status);
void add_info(CLI::App& app, int& status);
/// What dcgan_cuda does without a subcommand: both GANs of the notebook, then the comparison.
void add_notebook(CLI::App& app, int& status);

/// The options that change a Config, shared by train, replay and the notebook job.
struct ConfigOptions {
  /// Adds --data, --epochs, --steps, --batch-size, --seed, --backend, --threads, --keep and --set.
  void add(CLI::App& app);
  /// Adds --set alone.
  void add_set(CLI::App& app);
  /// Changes only what was given.
  void apply(Config& config) const;
  /// Changes a run resumed from `checkpoint`. Throws UsageError naming a setting that is given,
  /// differs, and would need other networks or pictures.
  void apply_to_resumed(Config& config, const std::string& checkpoint) const;

  /// Whether they say how long a run is.
  bool give_length() const;

 private:
  static void apply(Config& config, const std::string& key, const std::string& value);
  std::vector<std::pair<std::string, std::string>> given() const;
  void choose_length(Config& config) const;

  std::vector<std::pair<std::string, std::string>> named_;
  std::vector<std::string> set_;
};

}  // namespace dcgan::cli
