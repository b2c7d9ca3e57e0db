// Files that never touch a disk, for readers that take a path and are called thousands of times
// a second.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dcgan::fuzz {

/// Where folders are in memory, if there is such a place.
inline std::filesystem::path memory() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

class InMemoryFile {
 public:
  InMemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("memfd_create");
  }
  ~InMemoryFile() { close(descriptor_); }
  InMemoryFile(const InMemoryFile&) = delete;
  InMemoryFile& operator=(const InMemoryFile&) = delete;

  /// Makes the file these bytes, then zeros.
  void write(std::string_view bytes, std::size_t zeros = 0) {
    const auto all = static_cast<off_t>(bytes.size() + zeros);
    if (ftruncate(descriptor_, 0) != 0 || ftruncate(descriptor_, all) != 0 ||
        pwrite(descriptor_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("a file in memory cannot be written");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace dcgan::fuzz
