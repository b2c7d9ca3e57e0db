#include "io/descriptor.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dcgan/error.h"

namespace dcgan {
namespace {

std::string remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space or name another folder";
    case EFBIG:
      return "; raise the limit on the size of files (ulimit -f)";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; name a folder that you may write to";
    default:
      return "";
  }
}

}  // namespace

void fail_to_read(const std::string& path, int error) {
  throw Error(path + ": cannot be read: " + std::strerror(error));
}

void fail_to_write(const std::string& path, const char* what, int error) {
  throw Error(path + ": " + what + ": " + std::strerror(error) + remedy(error));
}

Descriptor::Descriptor(const std::string& path, int flags)
    : fd_(static_cast<int>(TEMP_FAILURE_RETRY(open(path.c_str(), flags | O_CLOEXEC, 0644)))) {}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = TEMP_FAILURE_RETRY(write(file.get(), bytes.data(), bytes.size()));
    if (written < 0) fail_to_write(path, "cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

}  // namespace dcgan
