// One run at a time in a folder, and none over somebody's files.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "io/descriptor.h"

namespace dcgan {

/// Keeps a folder for this process, until it ends or this is destroyed. Nothing of it is to be seen
/// in the folder.
class FolderLock {
 public:
  /// Creates the folder if it is missing. Nothing if somebody else keeps it. Throws Error.
  static std::optional<FolderLock> try_lock(const std::string& folder);
  /// Throws Error if somebody else keeps it.
  static FolderLock lock(const std::string& folder);
  /// The first of `name`, `name`-2, `name`-3 and so on that nobody keeps and nothing hinders:
  /// `hindrance` says what does, or nothing. Throws Error.
  static FolderLock lock_first_free(
      const std::string& name, const std::function<std::string(const std::string&)>& hindrance);

  const std::string& path() const { return path_; }

 private:
  FolderLock(std::string path, Descriptor folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  std::string path_;
  Descriptor folder_;
};

/// Why no new run may begin in a folder, as a sentence that names it: it holds a run with
/// checkpoints, or files of the names that a run writes and that no run has written. Empty if it
/// may. A run that was killed before its first checkpoint is no hindrance.
std::string hindrance_to_new_run(const std::string& folder);

}  // namespace dcgan
