#include "run/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "run/event_file.h"
#include "train/run_checkpoints.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

/// Whether a file has the settings of a run: all of them, which nobody writes by hand.
bool is_config_of_run(const std::string& path) {
  constexpr std::size_t most_bytes = 1 << 20;
  try {
    const std::string text = read_file(path, most_bytes);
    config_from_json(text, path);
    return text.find("\"log_every\"") != text.npos;
  } catch (const Error&) {
    return false;
  }
}

/// Hidden files in a folder do not count: a run that was killed may have left a temporary one.
bool has_contents(const fs::path& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) return fs::exists(path, none) && !fs::is_empty(path, none);
  for (const fs::directory_entry& entry : fs::directory_iterator(path, none))
    if (!entry.path().filename().string().starts_with('.')) return true;
  return false;
}

}  // namespace

std::optional<FolderLock> FolderLock::try_lock(const std::string& folder) {
  ensure_writable_directory(folder);
  Descriptor file(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems have no locks, and a folder that may be written to need not be readable: then
  // nobody is kept out.
  if (TEMP_FAILURE_RETRY(flock(file.get(), LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK)
    return std::nullopt;
  return FolderLock(folder, std::move(file));
}

FolderLock FolderLock::lock(const std::string& folder) {
  std::optional<FolderLock> lock = try_lock(folder);
  if (!lock)
    throw Error(folder +
                ": a run is writing to it at this moment; wait until it has ended, or "
                "name another folder with --out");
  return std::move(*lock);
}

FolderLock FolderLock::lock_first_free(
    const std::string& name, const std::function<std::string(const std::string&)>& hindrance) {
  for (int n = 1;; ++n) {
    const std::string folder = name + (n == 1 ? "" : "-" + std::to_string(n));
    if (!hindrance(folder).empty()) continue;
    std::optional<FolderLock> lock = try_lock(folder);
    // Another run may have ended there in the meantime.
    if (lock && hindrance(folder).empty()) return std::move(*lock);
  }
}

std::string hindrance_to_new_run(const std::string& folder) {
  if (has_checkpoints(folder))
    return folder +
           ": it already holds a run; name another folder with --out, or continue it with --resume";
  const std::string config = folder + "/config.json";
  if (is_config_of_run(config)) return "";
  std::vector<std::string> names = {"config.json", "log.jsonl",       "real_samples.png",
                                    "losses.png",  "predictions.png", "training.gif",
                                    "images",      "checkpoints"};
  for (const std::string& path : event_files(folder))
    names.push_back(fs::path(path).filename().string());
  for (const std::string& name : names)
    if (const fs::path path = fs::path(folder) / name; has_contents(path))
      return path.string() +
             ": no run of this program has written it, and a run would overwrite "
             "it; name another folder with --out";
  return "";
}

}  // namespace dcgan
