// Looks through a run folder's checkpoints.
#include "train/run_checkpoints.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <system_error>
#include <vector>

#include "dcgan/error.h"
#include "io/safetensors.h"
#include "io/visible.h"
#include "train/checkpoint.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

/// In the order of their names, so that of two with equal steps always the same is taken.
std::vector<std::string> checkpoint_files(const std::string& run_folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(run_folder + "/checkpoints", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path().string());
  std::sort(files.begin(), files.end());
  return files;
}

bool is_run_folder(const std::string& path) {
  std::error_code none;
  return fs::exists(path + "/config.json", none) || fs::is_directory(path + "/checkpoints", none);
}

}  // namespace

bool has_checkpoints(const std::string& run_folder) {
  return !checkpoint_files(run_folder).empty();
}

std::string newest_checkpoint(const std::string& run_folder) {
  std::string newest;
  std::int64_t most_steps = -1;
  for (const std::string& path : checkpoint_files(run_folder)) {
    try {
      const SafetensorsFile file(path);
      const CheckpointHeader header = read_checkpoint_header(file);
      check_size(file, header.config);
      if (header.state.step > most_steps) newest = path;
      most_steps = std::max(most_steps, header.state.step);
    } catch (const std::exception& e) {
      spdlog::warn("passed over: {}", visible(e.what()));
    }
  }
  return newest;
}

std::string find_checkpoint(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) return path;  // whoever opens it says what is wrong with it
  const std::string vanilla = (fs::path(path) / "vanilla").string();
  const std::string dcgan = (fs::path(path) / "dcgan").string();
  if (!is_run_folder(path) && is_run_folder(vanilla) && is_run_folder(dcgan))
    throw UsageError(path + ": it holds two runs; name one of them, " + vanilla + " or " + dcgan);
  std::string newest = newest_checkpoint(path);
  if (newest.empty())
    throw Error(path + ": no checkpoint that can be read; a run folder has them in checkpoints/");
  return newest;
}

}  // namespace dcgan
