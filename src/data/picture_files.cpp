#include "data/picture_files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "dcgan/error.h"
#include "io/visible.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

/// ".jpg" of "A.JPG".
std::string kind_of(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension.empty() ? "without extension" : extension;
}

bool is_picture(const std::string& kind) {
  for (const char* read : {".png", ".jpg", ".jpeg", ".jpe", ".jfif"})
    if (kind == read) return true;
  return false;
}

/// Every run leaves these two (src/run/run_folder.cpp).
bool is_run_folder(const fs::path& folder) {
  std::error_code none;
  return fs::exists(folder / "config.json", none) && fs::exists(folder / "log.jsonl", none);
}

/// Whether a run whose folder also has pictures to train on has written this.
bool is_written_by_runs(const fs::path& name) {
  for (const char* written : {"config.json", "log.jsonl", "images", "checkpoints",
                              "real_samples.png", "losses.png", "training.gif"})
    if (name == written) return true;
  return false;
}

class Search {
 public:
  PictureFiles operator()(const fs::path& top) {
    for (folders_ = {top}; !folders_.empty();) {
      const fs::path folder = folders_.back();
      folders_.pop_back();
      list(folder, folder == top);
    }
    std::sort(found_.paths.begin(), found_.paths.end());
    return std::move(found_);
  }

 private:
  void list(const fs::path& folder, bool top) {
    std::error_code error;
    const fs::path place = fs::canonical(folder, error);
    const bool new_place = error || seen_.insert(place).second;
    if (!new_place) return count("link(s) to folders read already");
    const bool run = is_run_folder(folder);
    if (run && !top) return count("run folder(s)");
    std::vector<fs::path> entries;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error))
      entries.push_back(entry->path());
    if (error && top) throw Error(folder.string() + ": cannot be listed: " + error.message());
    if (error) count("unreadable folder(s)");
    std::sort(entries.rbegin(), entries.rend());  // they are taken from the back
    for (const fs::path& path : entries)
      if (run && is_written_by_runs(path.filename()))
        count("written by a run");
      else
        take(path);
  }

  void take(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    const std::string kind = kind_of(path);
    if (path.filename().string().starts_with("."))
      count("hidden");
    else if (fs::is_directory(status))
      folders_.push_back(path);
    else if (!fs::is_regular_file(status))
      count(fs::is_symlink(fs::symlink_status(path, error)) ? "broken link(s)" : "special file(s)");
    else if (is_picture(kind))
      found_.paths.push_back(path.string());
    else
      count(visible(kind));
  }

  void count(const std::string& reason) { ++found_.ignored[reason]; }

  std::vector<fs::path> folders_;
  std::set<fs::path> seen_;
  PictureFiles found_;
};

}  // namespace

std::string to_string(const Counts& counts) {
  constexpr std::size_t most_kinds = 8;
  std::vector<std::pair<std::string, std::int64_t>> all(counts.begin(), counts.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i < most_kinds)
      text += (i ? ", " : "") + std::to_string(all[i].second) + " " + all[i].first;
    else
      rest += all[i].second;
  return rest ? text + ", " + std::to_string(rest) + " of other kinds" : text;
}

std::string name_of(const std::string& path) {
  fs::path full = fs::absolute(path).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return visible(full.has_filename() ? full.filename().string() : full.string());
}

PictureFiles find_pictures(const std::string& directory) {
  std::error_code none;
  if (fs::is_regular_file(directory, none))
    throw Error(directory + ": this is a file; name the folder that has the PNG and JPEG pictures");
  return Search()(directory);
}

}  // namespace dcgan
