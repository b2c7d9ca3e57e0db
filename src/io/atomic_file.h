// Files that are there whole or not at all.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace dcgan {

/// Writes `bytes` to a temporary file beside `path`, fsyncs it, renames it to `path` and fsyncs the
/// folder. Throws Error with the path and the system's reason; the temporary file is removed.
void write_file_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::string& path, const std::string& text);

/// The same for writers that need a file name (image encoders): `write` is given the temporary
/// path.
void write_file_atomically(const std::string& path,
                           const std::function<void(const std::string& temporary_path)>& write);

/// The whole file; throws Error with the path and the reason.
std::string read_file(const std::string& path);

/// Creates the folder and its parents and proves that a file can be written there; throws Error.
void ensure_writable_directory(const std::string& path);

}  // namespace dcgan
