#include "io/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <vector>

#include "io/atomic_file.h"

namespace dcgan {

namespace {

Descriptor open_to_append(const std::string& path) {
  Descriptor file(path, O_RDWR | O_APPEND);
  if (file.get() < 0) fail_to_write(path, "cannot be written", errno);
  return file;
}

}  // namespace

AppendFile::AppendFile(const std::string& path) : path_(path), file_(open_to_append(path)) {}

void AppendFile::append(std::string_view text) {
  const std::lock_guard lock(writing_);
  write_all(file_, std::as_bytes(std::span(text)), path_);
}

void AppendFile::sync() {
  restore_if_deleted();
  if (TEMP_FAILURE_RETRY(fsync(file_.get())) != 0) fail_to_write(path_, "cannot be written", errno);
}

void AppendFile::restore_if_deleted() {
  struct stat status {};
  if (fstat(file_.get(), &status) != 0 || status.st_nlink > 0) return;
  const std::lock_guard lock(writing_);
  AtomicFile copy(path_);
  std::vector<std::byte> block(1 << 16);
  off_t at = 0;
  for (;;) {
    const ssize_t got = TEMP_FAILURE_RETRY(pread(file_.get(), block.data(), block.size(), at));
    if (got < 0) fail_to_read(path_, errno);
    if (got == 0) break;
    copy.write(std::span(block).first(static_cast<std::size_t>(got)));
    at += got;
  }
  copy.finish();
  file_ = open_to_append(path_);
}

}  // namespace dcgan
