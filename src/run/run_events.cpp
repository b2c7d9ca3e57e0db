#include "run/run_events.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>

#include "io/atomic_file.h"
#include "io/file_reader.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

/// A long run's file is large: it goes through a small buffer.
void copy(const std::string& from, const std::string& to) {
  const FileReader source(from);
  AtomicFile target(to);
  std::vector<std::byte> block(1 << 16);
  for (std::uint64_t at = 0; at < source.size_bytes();) {
    const std::size_t bytes = std::min<std::uint64_t>(block.size(), source.size_bytes() - at);
    source.read_at(at, block.data(), bytes);
    target.write(std::span(block).first(bytes));
    at += bytes;
  }
  target.finish();
}

/// Leaves the files of the run that goes on, and no others.
void prepare(const std::string& folder, const std::string& resumed_from) {
  const fs::path source =
      resumed_from.empty() ? fs::path() : fs::absolute(resumed_from).parent_path().parent_path();
  std::error_code none;
  if (!resumed_from.empty() && fs::equivalent(source, folder, none)) return;
  for (const std::string& path : event_files(folder)) fs::remove(path);
  // A checkpoint may lie anywhere, beside what belongs to no run.
  if (resumed_from.empty() || !fs::is_regular_file(source / "log.jsonl", none)) return;
  for (const std::string& path : event_files(source.string()))
    copy(path, folder + "/" + fs::path(path).filename().string());
}

}  // namespace

RunEvents::RunEvents(const std::string& folder, const std::string& resumed_from,
                     const Config& config, const TrainingState& state)
    : wanted_(config.tensorboard == 1) {
  prepare(folder, resumed_from);
  // What is gone on without has to be taken back also where nothing follows.
  if (wanted_ || !event_files(folder).empty()) file_.emplace(folder, state.step + 1);
}

void RunEvents::log(const StepResult& step, const std::vector<std::string>& measure_names) {
  if (!wanted_) return;
  std::vector<Scalar> scalars;
  for (std::size_t i = 0; i < measure_names.size(); ++i)
    scalars.push_back({measure_names[i], step.measures[i]});
  scalars.push_back({"images_per_s", static_cast<double>(step.images) / step.milliseconds * 1e3});
  file_->add(step.step, scalars);
}

void RunEvents::log(const EpochRecord& epoch, std::int64_t step,
                    const std::vector<std::string>& measure_names,
                    const std::optional<Evaluation>& evaluation) {
  if (!wanted_) return;
  std::vector<Scalar> scalars;
  for (std::size_t i = 0; i < measure_names.size(); ++i)
    scalars.push_back({"epoch/" + measure_names[i], epoch.means[i]});
  for (std::size_t i = 0; epoch.test && i < measure_names.size(); ++i)
    scalars.push_back({"test_" + measure_names[i], (*epoch.test)[i]});
  const auto figures =
      nlohmann::json::parse(evaluation ? figures_json(*evaluation) : std::string("{}"));
  for (const auto& [name, figure] : figures.items())
    if (figure.is_number()) scalars.push_back({"evaluation/" + name, figure.get<double>()});
  file_->add(step, scalars);
}

void RunEvents::sync() {
  if (file_) file_->sync();
}

}  // namespace dcgan
