// Writes files whole or not at all.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace dcgan {

/// A file that appears under its name when it is finished: written to a temporary file of a random
/// name beside it, fsynced and renamed, and the folder fsynced. Before that, nothing of it remains.
/// Throws Error with the path and the system's reason. A folder or device in its place stays as it
/// is. Temporary files that killed programs left are removed when a folder is first written to.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  struct Temporary;
  std::string path_;
  std::unique_ptr<Temporary> temporary_;
};

/// An AtomicFile of `parts`, one after the other.
void write_file_atomically(const std::string& path,
                           const std::vector<std::span<const std::byte>>& parts);
void write_file_atomically(const std::string& path, const std::string& text);

/// The whole file; throws Error with the path and the reason, also if it is larger than most_bytes.
std::string read_file(const std::string& path, std::size_t most_bytes = std::size_t{1} << 32);

/// Creates the folder and its parents, durably, checks that a file can be written there, and
/// removes temporary files of killed programs; throws Error.
void ensure_writable_directory(const std::string& path);

}  // namespace dcgan
