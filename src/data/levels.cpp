// Level by level, so that what lies nearer to the top is found first.
#include "data/levels.h"

#include <algorithm>
#include <system_error>

namespace dcgan {

namespace fs = std::filesystem;

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    all.push_back(entry->path());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<fs::path> first_level_with(const fs::path& folder, const Select& select) {
  std::vector<fs::path> level = entries(folder);
  for (int depth = 0; depth <= 2; ++depth) {
    std::vector<fs::path> found = select(level);
    if (!found.empty()) return found;
    std::vector<fs::path> below;
    std::error_code none;
    for (const fs::path& path : level)
      if (!path.filename().string().starts_with(".") && fs::is_directory(path, none))
        for (const fs::path& inner : entries(path)) below.push_back(inner);
    level = below;
  }
  return {};
}

}  // namespace dcgan
