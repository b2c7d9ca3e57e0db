// A file that grows, whole after every write.
#pragma once
#include <mutex>
#include <string>
#include <string_view>

#include "io/descriptor.h"

namespace dcgan {

/// What is appended is in the file at once: a program that is killed afterwards loses none of it.
/// One thread may append while another syncs, and does not wait for the disk. Throws Error with the
/// path and the system's reason.
class AppendFile {
 public:
  /// The file must exist.
  explicit AppendFile(const std::string& path);

  void append(std::string_view text);
  /// Makes it durable. A file that somebody has deleted since is there again, with all it had.
  void sync();

 private:
  void restore_if_deleted();

  std::string path_;
  std::mutex writing_;  ///< to the file, or of a copy in its place
  Descriptor file_;     ///< another one after sync() alone
};

}  // namespace dcgan
