// Event files, which TensorBoard reads: scalars over the steps of a training.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/append_file.h"

namespace dcgan {

/// A point of the curve that is called `tag`.
struct Scalar {
  std::string tag;
  double value;
};

/// CRC-32C, of Castagnoli's polynomial.
std::uint32_t crc32c(std::string_view bytes);

/// The bytes as a record of a file: length, its checksum, the bytes, theirs.
std::string event_record(std::string_view bytes);

/// Paths of the event files in a folder, in the order in which they are read.
std::vector<std::string> event_files(const std::string& folder);

/// A file that grows; what is added is in it at once. All throw Error with the file's path.
class EventFile {
 public:
  /// Begins a file that is read after all that the folder has. It takes back what they have of
  /// `first_step` and later ones.
  EventFile(const std::string& folder, std::int64_t first_step);

  void add(std::int64_t step, const std::vector<Scalar>& scalars);
  /// Makes it durable.
  void sync() { file_.sync(); }

 private:
  AppendFile file_;
};

}  // namespace dcgan
