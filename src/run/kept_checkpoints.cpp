#include "run/kept_checkpoints.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "train/run_checkpoints.h"

namespace dcgan {

namespace {

/// The first epoch of the least value that is a finite number; 0 where none has one.
template <class Value>
std::int64_t epoch_of_least(const std::vector<EpochRecord>& history, Value value) {
  std::int64_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (const EpochRecord& e : history) {
    const double of_epoch = value(e);
    if (!std::isfinite(of_epoch) || of_epoch >= least) continue;
    best = e.epoch;
    least = of_epoch;
  }
  return best;
}

}  // namespace

std::int64_t most_balanced_epoch(const std::vector<EpochRecord>& history) {
  const double ln2 = std::log(2.0);
  return epoch_of_least(history, [&](const EpochRecord& e) {
    return std::abs(e.means[1] - 2 * ln2) + std::abs(e.means[0] - ln2);
  });
}

std::int64_t nearest_epoch(const std::vector<EpochRecord>& history) {
  return epoch_of_least(history,
                        [](const EpochRecord& e) { return e.frechet_distance.value_or(NAN); });
}

std::int64_t most_accurate_epoch(const std::vector<EpochRecord>& history) {
  return epoch_of_least(history,
                        [](const EpochRecord& e) { return -(e.test ? *e.test : e.means)[1]; });
}

KeptCheckpoints::File KeptCheckpoints::describe(const std::string& path,
                                                const TrainingState& state) {
  const bool ends_epoch = state.steps_in_epoch == 0 && !state.history.empty();
  return {path, ends_epoch ? state.history.back() : EpochRecord{}};
}

KeptCheckpoints::KeptCheckpoints(const std::string& folder, std::int64_t keep,
                                 const TrainingState& state, Task task)
    : keep_(keep), task_(task) {
  if (keep_ == 0) return;
  for (const RunCheckpoint& found : run_checkpoints(folder))
    if (found.state.step <= state.step) files_.push_back(describe(found.path, found.state));
}

void KeptCheckpoints::add(const std::string& path, const TrainingState& state) {
  if (keep_ == 0) return;
  std::erase_if(files_, [&](const File& file) { return file.path == path; });
  files_.push_back(describe(path, state));
  // Of the epochs that still have one: another may have been better, but is gone.
  std::vector<EpochRecord> saved;
  for (const File& file : files_)
    if (file.epoch.epoch > 0) saved.push_back(file.epoch);
  const std::int64_t nearest = nearest_epoch(saved);
  const std::int64_t best = nearest                     ? nearest
                            : task_ == Task::classifier ? most_accurate_epoch(saved)
                                                        : most_balanced_epoch(saved);
  const std::size_t old = files_.size() - std::min(files_.size(), static_cast<std::size_t>(keep_));
  std::vector<File> kept;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    std::error_code ignored;  // what cannot be removed does no harm
    if (i >= old || (best && files_[i].epoch.epoch == best))
      kept.push_back(files_[i]);
    else
      std::filesystem::remove(files_[i].path, ignored);
  }
  files_ = std::move(kept);
}

}  // namespace dcgan
