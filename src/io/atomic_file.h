// Files that are there whole or not at all.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace dcgan {

/// Writes `parts`, one after the other, to a temporary file beside `path`, fsyncs it, renames it to
/// `path` and fsyncs the folder. Throws Error with the path and the system's reason; the temporary
/// file is removed. A folder or device in the place of `path` stays as it is.
void write_file_atomically(const std::string& path,
                           const std::vector<std::span<const std::byte>>& parts);
void write_file_atomically(const std::string& path, const std::string& text);

/// The whole file; throws Error with the path and the reason, also where it is larger than that.
std::string read_file(const std::string& path, std::size_t most_bytes = std::size_t{1} << 32);

/// Creates the folder and its parents and proves that a file can be written there; throws Error.
void ensure_writable_directory(const std::string& path);

}  // namespace dcgan
