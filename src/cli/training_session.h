// A run as its user sees it: progress in the terminal, Ctrl-C, the closing lines.
#pragma once
#include <string>

#include "run/run.h"

namespace dcgan::cli {

/// Ctrl-C, SIGTERM or a closed terminal end the running step, save and stop; a second one ends the
/// program at once. A reader that closes the output (`| head`, `| tee`) does not stop the run.
void install_stop_handler();

/// Trains into `directory`, showing progress: a bar with ETA where standard output is a terminal,
/// plain lines elsewhere.
RunOutcome train_with_progress(Trainer& trainer, const std::string& directory,
                               const std::string& checkpoint);

/// The last line of an interrupted run: the arguments that resume it.
void print_resume_command(const std::string& arguments);

}  // namespace dcgan::cli
