// A run as its user sees it: progress in the terminal, Ctrl-C, the closing lines.
#pragma once
#include <string>

#include "run/run.h"

namespace dcgan::cli {

/// Ctrl-C, SIGTERM or a closed terminal end the running step, save and stop; a second one ends the
/// program at once. A reader of the output that goes away (`| head`, `| tee`) stops nothing.
void install_stop_handler();

/// Trains into `directory`, showing progress: a bar with ETA where standard output is a terminal,
/// plain lines elsewhere.
RunOutcome train_with_progress(Trainer& trainer, const std::string& directory,
                               const std::string& checkpoint);

/// The last line of an interrupted run: `arguments` continue it.
void say_how_to_go_on(const std::string& arguments);

}  // namespace dcgan::cli
