// A run as its user sees it: progress in the terminal, Ctrl-C, the closing lines.
#pragma once
#include <atomic>
#include <string>

#include "train/run.h"

namespace dcgan::cli {

/// Set by the first Ctrl-C or SIGTERM; the second ends the program at once.
const std::atomic<bool>& stop_requested();
void install_stop_handler();

/// Trains into `directory`, showing progress: a bar with ETA where standard output is a terminal,
/// plain lines elsewhere.
RunOutcome train_with_progress(Trainer& trainer, const std::string& directory,
                               const std::string& checkpoint);

}  // namespace dcgan::cli
