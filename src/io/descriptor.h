// A file descriptor that closes itself, and what is said of calls that fail.
#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace dcgan {

/// What is written is fsynced, so that close() has nothing to report; interrupted, it has closed on
/// Linux.
class Descriptor {
 public:
  /// Opens the file, for the user to read and write and for all to read if it is created. get() is
  /// negative if that failed, and errno says why.
  Descriptor(const std::string& path, int flags);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// All of the bytes; `path` is for the Error.
void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::string& path);

/// Throw the Error of a system call that failed: "PATH: WHAT: REASON", and a remedy if there is
/// one.
[[noreturn]] void fail_to_read(const std::string& path, int error);
[[noreturn]] void fail_to_write(const std::string& path, const char* what, int error);

}  // namespace dcgan
