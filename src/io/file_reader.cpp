// open, fstat and pread; or a copy.
#include "io/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dcgan/error.h"

namespace dcgan {

FileReader::FileReader(const std::string& path)
    : path_(path),
      descriptor_(static_cast<int>(
          TEMP_FAILURE_RETRY(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)))) {
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    const int error = errno;
    if (descriptor_ >= 0) close(descriptor_);
    throw Error(path + ": cannot be read: " + std::strerror(error));
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor_);
    throw Error(path + ": cannot be read: it is a folder or device, not a file");
  }
  size_bytes_ = static_cast<std::uint64_t>(status.st_size);
}

FileReader::FileReader(std::string name, std::span<const std::byte> bytes)
    : path_(std::move(name)), memory_(bytes.data()), size_bytes_(bytes.size()) {}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(other.memory_),
      size_bytes_(other.size_bytes_) {}

FileReader::~FileReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FileReader::read_at(std::uint64_t offset_bytes, void* out, std::size_t bytes) const {
  auto* to = static_cast<std::byte*>(out);
  if (memory_) {
    if (offset_bytes > size_bytes_ || bytes > size_bytes_ - offset_bytes)
      throw Error(path_ + ": it has no bytes beyond " + std::to_string(size_bytes_));
    std::copy_n(memory_ + offset_bytes, bytes, to);
    return;
  }
  while (bytes > 0) {
    const ssize_t got =
        TEMP_FAILURE_RETRY(pread(descriptor_, to, bytes, static_cast<off_t>(offset_bytes)));
    if (got < 0) throw Error(path_ + ": cannot be read: " + std::strerror(errno));
    if (got == 0) throw Error(path_ + ": it became shorter while it was read");
    to += got;
    bytes -= static_cast<std::size_t>(got);
    offset_bytes += static_cast<std::uint64_t>(got);
  }
}

}  // namespace dcgan
