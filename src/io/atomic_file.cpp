// Temporary file, fsync, rename, fsync of the folder.
#include "io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "dcgan/error.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw Error(path + ": " + what + ": " + std::strerror(error));
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  /// Some file systems report a full disk only here.
  bool close_now() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd) == 0;
  }

 private:
  int fd_;
};

void write_whole(const std::string& target, const std::string& temporary,
                 std::span<const std::byte> bytes) {
  Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) fail(target, "cannot be created", errno);
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(target, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (!file.close_now()) fail(target, "cannot be written", errno);
}

}  // namespace

void write_file_atomically(const std::string& path,
                           const std::function<void(const std::string&)>& write) {
  const std::string temporary = path + ".tmp" + std::to_string(getpid());
  try {
    write(temporary);
    Descriptor file(temporary, O_RDONLY);
    if (file.get() < 0 || fsync(file.get()) != 0) fail(path, "cannot be written", errno);
    if (rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot be replaced", errno);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  // The rename itself is durable once the folder is.
  Descriptor folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  if (folder.get() >= 0) fsync(folder.get());
}

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  write_file_atomically(path,
                        [&](const std::string& temporary) { write_whole(path, temporary, bytes); });
}

void write_file_atomically(const std::string& path, const std::string& text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

std::string read_file(const std::string& path) {
  if (fs::is_directory(path)) fail(path, "cannot be read", EISDIR);
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) fail(path, "cannot be read", errno);
  std::string text;
  char block[1 << 16];
  for (;;) {
    const ssize_t got = read(file.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read", errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
}

void ensure_writable_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!fs::is_directory(path))
    throw Error(path + ": cannot be made: " + (error ? error.message() : "a file is in its place"));
  const std::string probe = path + "/.write_test" + std::to_string(getpid());
  const Descriptor file(probe, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) fail(path, "cannot be written to", errno);
  unlink(probe.c_str());
}

}  // namespace dcgan
