// Defined in the program itself, the two come before the C library's.
#include "io/system_calls.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <filesystem>

namespace dcgan::test {

SystemCalls& system_calls() {
  static SystemCalls calls;
  return calls;
}

namespace {

bool fails(std::vector<int>& errors) {
  if (errors.empty()) return false;
  errno = errors.front();
  errors.erase(errors.begin());
  return errno != 0;
}

}  // namespace
}  // namespace dcgan::test

extern "C" int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  if (dcgan::test::fails(dcgan::test::system_calls().open_errors)) return -1;
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

extern "C" int fsync(int descriptor) {
  auto& calls = dcgan::test::system_calls();
  if (dcgan::test::fails(calls.fsync_errors)) return -1;
  calls.synced.push_back(
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string());
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}
