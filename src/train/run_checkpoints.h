// Which of a run folder's checkpoints is the one to go on from.
#pragma once
#include <string>
#include <vector>

#include "dcgan/trainer.h"

namespace dcgan {

struct RunCheckpoint {
  std::string path;
  TrainingState state;
};

/// Those of run_folder/checkpoints whose settings and progress can be read, in the order of their
/// steps, and of equal ones of their names. One that is damaged is passed over, with a line of
/// warning.
std::vector<RunCheckpoint> run_checkpoints(const std::string& run_folder);

/// The one with the most steps that is whole; empty if there is none.
std::string newest_checkpoint(const std::string& run_folder);

/// Whether there are any, damaged ones among them.
bool has_checkpoints(const std::string& run_folder);

/// Whether the folder holds the two runs of a main job and is no run itself.
bool is_main_job(const std::string& folder);

/// `path` itself where it is a file, the newest checkpoint where it is a run folder. Throws Error
/// if the folder has none that can be read, UsageError naming both runs if it is a main job's.
std::string find_checkpoint(const std::string& path);

}  // namespace dcgan
