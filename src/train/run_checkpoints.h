// Which of a run folder's checkpoints is the one to go on from.
#pragma once
#include <string>

namespace dcgan {

/// The checkpoint of run_folder/checkpoints with the most steps that can be read; empty if there is
/// none. One that is damaged is passed over, with a line of warning.
std::string newest_checkpoint(const std::string& run_folder);

/// Whether there are any, damaged ones among them.
bool has_checkpoints(const std::string& run_folder);

/// `path` itself where it is a file, the newest checkpoint where it is a run folder. Throws Error
/// if the folder has none that can be read, UsageError naming both runs if it is a main job's.
std::string find_checkpoint(const std::string& path);

}  // namespace dcgan
