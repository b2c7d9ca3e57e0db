// Looks through a run folder's checkpoints.
#include "train/run_checkpoints.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "dcgan/error.h"
#include "io/safetensors.h"
#include "io/visible.h"
#include "train/checkpoint.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> checkpoint_files(const std::string& run_folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(run_folder + "/checkpoints", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path().string());
  return files;
}

bool is_run_folder(const std::string& path) {
  std::error_code none;
  return fs::exists(path + "/config.json", none) || fs::is_directory(path + "/checkpoints", none);
}

void pass_over(const std::exception& why) { spdlog::warn("passed over: {}", visible(why.what())); }

}  // namespace

bool has_checkpoints(const std::string& run_folder) {
  return !checkpoint_files(run_folder).empty();
}

std::vector<RunCheckpoint> run_checkpoints(const std::string& run_folder) {
  std::vector<RunCheckpoint> found;
  for (const std::string& path : checkpoint_files(run_folder)) {
    try {
      const SafetensorsFile file(path);
      CheckpointHeader header = read_checkpoint_header(file);
      check_size(file, header.config);
      found.push_back({path, std::move(header.state)});
    } catch (const std::exception& e) {
      pass_over(e);
    }
  }
  std::sort(found.begin(), found.end(), [](const RunCheckpoint& a, const RunCheckpoint& b) {
    return std::tie(a.state.step, a.path) < std::tie(b.state.step, b.path);
  });
  return found;
}

std::string newest_checkpoint(const std::string& run_folder) {
  std::vector<RunCheckpoint> found = run_checkpoints(run_folder);
  for (; !found.empty(); found.pop_back()) {
    try {
      SafetensorsFile(found.back().path).verify();
      return found.back().path;
    } catch (const std::exception& e) {
      pass_over(e);
    }
  }
  return "";
}

bool is_main_job(const std::string& folder) {
  return !is_run_folder(folder) && is_run_folder(folder + "/vanilla") &&
         is_run_folder(folder + "/dcgan");
}

std::string find_checkpoint(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) return path;  // whoever opens it says what is wrong with it
  if (is_main_job(path))
    throw UsageError(path + ": it holds two runs; name one of them, " +
                     (fs::path(path) / "vanilla").string() + " or " +
                     (fs::path(path) / "dcgan").string());
  std::string newest = newest_checkpoint(path);
  if (newest.empty())
    throw Error(path + ": no checkpoint that can be read; a run folder has them in checkpoints/");
  return newest;
}

}  // namespace dcgan
