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

std::string remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space or name another folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; name a folder that you may write to";
    default:
      return "";
  }
}

[[noreturn]] void fail_to_read(const std::string& path, int error) {
  throw Error(path + ": cannot be read: " + std::strerror(error));
}

[[noreturn]] void fail_to_write(const std::string& path, const char* what, int error) {
  throw Error(path + ": " + what + ": " + std::strerror(error) + remedy(error));
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

void write_all(const Descriptor& file, const std::string& target,
               std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(target, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

}  // namespace

void write_file_atomically(const std::string& path,
                           const std::vector<std::span<const std::byte>>& parts) {
  // A rename would replace a device such as /dev/null by a file.
  std::error_code none;
  if (fs::exists(path, none) && !fs::is_regular_file(path, none))
    throw Error(path + ": cannot be replaced: it is a folder or device; name another file");
  const std::string temporary = path + ".tmp" + std::to_string(getpid());
  try {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) fail_to_write(path, "cannot be created", errno);
    for (const std::span<const std::byte>& part : parts) write_all(file, path, part);
    if (fsync(file.get()) != 0 || !file.close_now())
      fail_to_write(path, "cannot be written", errno);
    if (rename(temporary.c_str(), path.c_str()) != 0)
      fail_to_write(path, "cannot be replaced", errno);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  // The rename itself is durable once the folder is.
  Descriptor folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  if (folder.get() >= 0) fsync(folder.get());
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
    const ssize_t got = read(file.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to_read(path, errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > most_bytes)
      throw Error(path + ": cannot be read: it is larger than " + std::to_string(most_bytes) +
                  " bytes");
  }
}

void ensure_writable_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (std::error_code none; !fs::is_directory(path, none))
    throw Error(path + ": cannot be made: " +
                (error && error != std::errc::not_a_directory ? error.message()
                                                              : "a file is in its place"));
  const std::string probe = path + "/.write_test" + std::to_string(getpid());
  const Descriptor file(probe, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) fail_to_write(path, "cannot be written to", errno);
  unlink(probe.c_str());
}

}  // namespace dcgan
