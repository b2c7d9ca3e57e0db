// Control groups are folders: a limit in any of them, up to the root, holds for all within.
#include "backend/machine_limits.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>
#include <thread>

namespace dcgan {
namespace {

namespace fs = std::filesystem;

/// The first number in a file, if it begins with one: a limit may be "max".
std::optional<double> number_in(const fs::path& file) {
  double number = 0;
  if (std::ifstream(file) >> number) return number;
  return {};
}

/// The number behind `name` in a file of such lines.
std::optional<double> number_of(const fs::path& file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line, word; std::getline(lines, line);) {
    std::istringstream words(line);
    double number = 0;
    if (words >> word >> number && word == name) return number;
  }
  return {};
}

/// The largest number stands for all that are larger.
std::int64_t whole(double bytes) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return bytes < static_cast<double>(most) ? static_cast<std::int64_t>(bytes) : most;
}

using Visit = std::function<void(const fs::path& group, bool version_2)>;

/// The groups of this process that control `what`, and those around them.
void for_each_group(const std::string& root, const std::string& what, const Visit& visit) {
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool version_2 = controllers == ",,";
    if (!version_2 && controllers.find("," + what + ",") == std::string::npos) continue;
    const fs::path top = root + "/sys/fs/cgroup" + (version_2 ? "" : "/" + what);
    // In a container the path may be the host's, of which nothing is seen but the top.
    fs::path inner = fs::path(line.substr(second + 1)).relative_path();
    for (; !inner.empty(); inner = inner.parent_path()) visit(top / inner, version_2);
    visit(top, version_2);
  }
}

}  // namespace

int granted_processors(const std::string& root) {
  double granted = std::numeric_limits<double>::max();
  for_each_group(root, "cpu", [&](const fs::path& group, bool version_2) {
    double quota = 0, period = 0;
    if (version_2) {
      if (!(std::ifstream(group / "cpu.max") >> quota >> period)) return;
    } else {
      quota = number_in(group / "cpu.cfs_quota_us").value_or(-1);  // -1: no limit
      period = number_in(group / "cpu.cfs_period_us").value_or(0);
    }
    if (quota > 0 && period > 0) granted = std::min(granted, std::ceil(quota / period));
  });
  return granted < std::numeric_limits<int>::max() ? static_cast<int>(granted) : 0;
}

int processors_for(int threads) {
  if (threads > 0) return threads;
  const int granted = granted_processors(),
            cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, granted > 0 ? std::min(granted, cores) : cores);
}

std::int64_t total_memory_bytes(const std::string& root) {
  double total = std::numeric_limits<double>::max();
  if (const auto kib = number_of(root + "/proc/meminfo", "MemTotal:")) total = *kib * 1024;
  for_each_group(root, "memory", [&](const fs::path& group, bool version_2) {
    const auto limit = number_in(group / (version_2 ? "memory.max" : "memory.limit_in_bytes"));
    if (limit) total = std::min(total, *limit);
  });
  return whole(total);
}

std::int64_t free_memory_bytes(const std::string& root) {
  double free = std::numeric_limits<double>::max();
  if (const auto kib = number_of(root + "/proc/meminfo", "MemAvailable:")) free = *kib * 1024;
  for_each_group(root, "memory", [&](const fs::path& group, bool version_2) {
    const auto limit = number_in(group / (version_2 ? "memory.max" : "memory.limit_in_bytes"));
    const auto used = number_in(group / (version_2 ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used) return;
    const double cached =
        number_of(group / "memory.stat", version_2 ? "inactive_file" : "total_inactive_file")
            .value_or(0);
    free = std::min(free, std::max(0.0, *limit - *used + cached));
  });
  return whole(free);
}

}  // namespace dcgan
