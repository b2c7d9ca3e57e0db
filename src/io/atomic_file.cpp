// A new file beside the old one, fsync, rename, fsync of the folder.
#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <string_view>
#include <utility>

#include "dcgan/error.h"
#include "io/descriptor.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Makes the names in a folder durable, where its file system can.
void sync_folder(const std::string& folder) {
  const Descriptor file(folder, O_RDONLY | O_DIRECTORY);
  if (file.get() < 0 && errno == EACCES) return;  // a folder to write to, not to read
  if (file.get() < 0 || (TEMP_FAILURE_RETRY(fsync(file.get())) != 0 && errno != EINVAL))
    fail_to_write(folder, "the folder cannot be written", errno);
}

// Temporary files are called ".dcgan-0123456789abcdef.tmp".
constexpr std::string_view prefix = ".dcgan-", suffix = ".tmp", digits = "0123456789abcdef";
constexpr std::size_t random_digits = 16;

std::string temporary_name() {
  std::random_device random;
  std::string name(prefix);
  for (std::size_t i = 0; i < random_digits; ++i) name += digits[random() % digits.size()];
  return name.append(suffix);
}

bool is_temporary_name(std::string_view name) {
  return name.size() == prefix.size() + random_digits + suffix.size() && name.starts_with(prefix) &&
         name.ends_with(suffix) &&
         name.substr(prefix.size(), random_digits).find_first_not_of(digits) == name.npos;
}

/// A new file in a folder, locked: whoever can lock a temporary file knows that its writer is dead.
Descriptor create_temporary(const std::string& folder, std::string& path) {
  for (;;) {
    path = folder + "/" + temporary_name();
    Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (file.get() < 0 && errno == EEXIST) continue;
    if (file.get() < 0) return file;
    // Swept by another process before it was locked? Not every file system has locks.
    const bool held = flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (held && access(path.c_str(), F_OK) == 0) return file;
  }
}

/// Removes what killed writers left in a folder.
void remove_temporaries(const std::string& folder) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    if (!is_temporary_name(entry.path().filename().string())) continue;
    const Descriptor file(entry.path().string(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file.get() >= 0 && flock(file.get(), LOCK_EX | LOCK_NB) == 0) unlink(entry.path().c_str());
  }
}

}  // namespace

struct AtomicFile::Temporary {
  explicit Temporary(const std::string& folder) : file(create_temporary(folder, path)) {}
  ~Temporary() {
    if (file.get() >= 0) unlink(path.c_str());  // no longer there once it was renamed
  }
  std::string path;
  Descriptor file;
};

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  // A rename would replace a device such as /dev/null by a file.
  std::error_code none;
  if (fs::exists(path, none) && !fs::is_regular_file(path, none))
    throw Error(path + ": cannot be replaced: it is a folder or device; name another file");
  thread_local std::set<std::string> swept;
  if (swept.insert(folder_of(path)).second) remove_temporaries(folder_of(path));
  temporary_ = std::make_unique<Temporary>(folder_of(path));
  if (temporary_->file.get() < 0) fail_to_write(path, "cannot be created", errno);
}

AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_all(temporary_->file, bytes, path_);
}

void AtomicFile::finish() {
  if (TEMP_FAILURE_RETRY(fsync(temporary_->file.get())) != 0)
    fail_to_write(path_, "cannot be written", errno);
  if (rename(temporary_->path.c_str(), path_.c_str()) != 0)
    fail_to_write(path_, "cannot be replaced", errno);
  sync_folder(folder_of(path_));
}

void write_file_atomically(const std::string& path,
                           const std::vector<std::span<const std::byte>>& parts) {
  AtomicFile file(path);
  for (const std::span<const std::byte>& part : parts) file.write(part);
  file.finish();
}

void write_file_atomically(const std::string& path, const std::string& text) {
  write_file_atomically(path,
                        std::vector<std::span<const std::byte>>{std::as_bytes(std::span(text))});
}

std::string read_file(const std::string& path, std::size_t most_bytes) {
  if (std::error_code none; fs::is_directory(path, none)) fail_to_read(path, EISDIR);
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) fail_to_read(path, errno);
  std::string text;
  char block[1 << 16];
  for (;;) {
    const ssize_t got = TEMP_FAILURE_RETRY(read(file.get(), block, sizeof block));
    if (got < 0) fail_to_read(path, errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > most_bytes)
      throw Error(path + ": cannot be read: it is larger than " + std::to_string(most_bytes) +
                  " bytes");
  }
}

void ensure_writable_directory(const std::string& path) {
  std::error_code error, none;
  std::vector<std::string> grown;  // the folders that get a new one
  for (fs::path p = path; !p.empty() && !fs::exists(p, none); p = p.parent_path())
    grown.push_back(folder_of(p.string()));
  fs::create_directories(path, error);
  if (!fs::is_directory(path, none))
    throw Error(
        path + ": cannot be created: " +
        (error && error != std::errc::not_a_directory ? error.message() : "a file has its name"));
  for (const std::string& folder : grown) sync_folder(folder);
  remove_temporaries(path);
  std::string probe;
  if (create_temporary(path, probe).get() < 0) fail_to_write(path, "cannot be written to", errno);
  unlink(probe.c_str());
}

}  // namespace dcgan
