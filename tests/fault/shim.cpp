// A shared library for LD_PRELOAD that makes one file operation of a program fail, or ends the
// program there. Environment:
//   FAULT_FOLDER  only operations on files below it count
//   FAULT_THREAD  "main" or "other": of which thread. The program writes beside its training, and
//   the
//                 order of its operations is each thread's own
//   FAULT_AT      which one of the thread's, from 1; "7+": that one and all after it, of all
//                 threads; absent: none
//   FAULT_CALLS   which calls count, as "write,fsync"; absent: all of open (for writing), read
//   (opens
//                 for reading and reads), write, fsync, rename, unlink, close, mkdir
//   FAULT_HOW     enospc, eio, eintr; short: half of a write or read is done; kill: half of a write
//                 is done, of anything else nothing, then SIGKILL
//   FAULT_LOG     a file that gets a line per operation that counts: "main 7 write /path 4096"
// The system is called directly, so that no sanitizer's interceptor is passed by or met twice.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <dlfcn.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

enum class How { nothing, fail, half };
struct Verdict {
  How how = How::nothing;
  int error = 0;
  bool kill = false;
};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct Operations {
  const char* thread;
  std::atomic<long> count{0};
};
Operations main_operations{"main"}, other_operations{"other"};

/// Those of the thread that calls.
Operations& operations() {
  return syscall(SYS_gettid) == syscall(SYS_getpid) ? main_operations : other_operations;
}

std::atomic<bool> from_now_on{false};

std::string path_of(int descriptor) {
  char name[64], path[PATH_MAX];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  const ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path);
  return length < 0 ? "" : std::string(path, static_cast<std::size_t>(length));
}

std::string absolute(const char* path) {
  char here[PATH_MAX];
  if (path[0] == '/' || syscall(SYS_getcwd, here, sizeof here) < 0) return path;
  return std::string(here) + "/" + path;
}

bool in_list(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

void note(const char* thread, long number, const char* call, const std::string& path,
          std::size_t bytes) {
  const std::string_view log = variable("FAULT_LOG");
  if (log.empty()) return;
  const std::string line = std::string(thread) + " " + std::to_string(number) + " " + call + " " +
                           path + " " + std::to_string(bytes) + "\n";
  const long file = syscall(SYS_openat, AT_FDCWD, log.data(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  syscall(SYS_write, file, line.data(), line.size());
  syscall(SYS_close, file);
}

[[noreturn]] void end_here() {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

/// Whether this is the operation that is asked for, or one after it where they are.
bool is_wanted(const char* thread, long number) {
  const std::string_view at = variable("FAULT_AT");
  if (from_now_on) return true;
  if (at.empty() || variable("FAULT_THREAD") != thread || std::atol(at.data()) != number)
    return false;
  from_now_on = at.back() == '+';
  return true;
}

/// Counts an operation and says what becomes of it.
Verdict judge(const char* call, const std::string& path, std::size_t bytes = 0) {
  const std::string_view folder = variable("FAULT_FOLDER");
  const std::string_view calls = variable("FAULT_CALLS"), how = variable("FAULT_HOW");
  if (folder.empty() || !std::string_view(path).starts_with(folder)) return {};
  if (!calls.empty() && !in_list(calls, call)) return {};
  Operations& of_thread = operations();
  const long number = ++of_thread.count;
  note(of_thread.thread, number, call, path, bytes);
  if (!is_wanted(of_thread.thread, number)) return {};
  if (how == "kill") {
    if (std::string_view(call) != "write") end_here();
    return {How::half, 0, true};
  }
  if (how == "short") return {How::half, 0, false};
  return {How::fail, how == "enospc" ? ENOSPC : how == "eintr" ? EINTR : EIO, false};
}

/// -1 with the verdict's error, or what the operation itself gives.
template <class Operation>
long done(const Verdict& verdict, Operation operation) {
  if (verdict.how != How::fail) return operation();
  errno = verdict.error;
  return -1;
}

std::size_t share(const Verdict& verdict, std::size_t bytes) {
  return verdict.how == How::half ? (bytes + 1) / 2 : bytes;
}

long write_some(int descriptor, const void* data, std::size_t bytes, long offset) {
  const Verdict verdict = judge("write", path_of(descriptor), bytes);
  const std::size_t some = share(verdict, bytes);
  const long written = done(verdict, [&] {
    return offset < 0 ? syscall(SYS_write, descriptor, data, some)
                      : syscall(SYS_pwrite64, descriptor, data, some, offset);
  });
  if (verdict.kill) end_here();
  return written;
}

const char* kind_of_open(int flags) {
  return (flags & O_ACCMODE) == O_RDONLY && (flags & O_CREAT) == 0 ? "read" : "open";
}

int open_file(int folder, const char* path, int flags, unsigned mode) {
  const Verdict verdict = judge(kind_of_open(flags), absolute(path));
  return static_cast<int>(
      done(verdict, [&] { return syscall(SYS_openat, folder, path, flags, mode); }));
}

/// The C library's own, for calls that are more than one of the system's.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::FILE* open_stream(const char* name, const char* path, const char* mode) {
  const Verdict verdict = judge(mode[0] == 'r' ? "read" : "open", absolute(path));
  if (verdict.how == How::fail) {
    errno = verdict.error;
    return nullptr;
  }
  return next<std::FILE*(const char*, const char*)>(name)(path, mode);
}

unsigned mode_in(int flags, std::va_list rest) {
  return (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const unsigned mode = mode_in(flags, rest);
  va_end(rest);
  return open_file(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const unsigned mode = mode_in(flags, rest);
  va_end(rest);
  return open_file(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const unsigned mode = mode_in(flags, rest);
  va_end(rest);
  return open_file(folder, path, flags, mode);
}

std::FILE* fopen(const char* path, const char* mode) { return open_stream("fopen", path, mode); }
std::FILE* fopen64(const char* path, const char* mode) {
  return open_stream("fopen64", path, mode);
}

ssize_t write(int descriptor, const void* data, std::size_t bytes) {
  return write_some(descriptor, data, bytes, -1);
}
ssize_t pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  return write_some(descriptor, data, bytes, offset);
}
ssize_t pwrite64(int descriptor, const void* data, std::size_t bytes, off64_t offset) {
  return write_some(descriptor, data, bytes, offset);
}
// Short or failed, its first part alone stands for the whole.
ssize_t writev(int descriptor, const iovec* parts, int count) {
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  const Verdict verdict = judge("write", path_of(descriptor), bytes);
  const long written = done(verdict, [&] {
    return verdict.how == How::half
               ? syscall(SYS_write, descriptor, parts[0].iov_base, share(verdict, parts[0].iov_len))
               : syscall(SYS_writev, descriptor, parts, count);
  });
  if (verdict.kill) end_here();
  return written;
}
ssize_t sendfile(int to, int from, off_t* offset, std::size_t bytes) {
  const Verdict verdict = judge("write", path_of(to), bytes);
  const long sent =
      done(verdict, [&] { return syscall(SYS_sendfile, to, from, offset, share(verdict, bytes)); });
  if (verdict.kill) end_here();
  return sent;
}

ssize_t read(int descriptor, void* data, std::size_t bytes) {
  const Verdict verdict = judge("read", path_of(descriptor), bytes);
  return done(verdict, [&] { return syscall(SYS_read, descriptor, data, share(verdict, bytes)); });
}
ssize_t pread(int descriptor, void* data, std::size_t bytes, off_t offset) {
  const Verdict verdict = judge("read", path_of(descriptor), bytes);
  return done(verdict, [&] {
    return syscall(SYS_pread64, descriptor, data, share(verdict, bytes), offset);
  });
}

int fsync(int descriptor) {
  const Verdict verdict = judge("fsync", path_of(descriptor));
  return static_cast<int>(done(verdict, [&] { return syscall(SYS_fsync, descriptor); }));
}
int fdatasync(int descriptor) {
  const Verdict verdict = judge("fsync", path_of(descriptor));
  return static_cast<int>(done(verdict, [&] { return syscall(SYS_fdatasync, descriptor); }));
}

int rename(const char* from, const char* to) {
  const Verdict verdict = judge("rename", absolute(to));
  return static_cast<int>(
      done(verdict, [&] { return syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to); }));
}
int unlink(const char* path) {
  const Verdict verdict = judge("unlink", absolute(path));
  return static_cast<int>(done(verdict, [&] { return syscall(SYS_unlinkat, AT_FDCWD, path, 0); }));
}
int mkdir(const char* path, mode_t mode) {
  const Verdict verdict = judge("mkdir", absolute(path));
  return static_cast<int>(
      done(verdict, [&] { return syscall(SYS_mkdirat, AT_FDCWD, path, mode); }));
}

/// It closes whatever it then says, as Linux does.
int close(int descriptor) {
  const Verdict verdict = judge("close", path_of(descriptor));
  const long closed = syscall(SYS_close, descriptor);
  return static_cast<int>(done(verdict, [&] { return closed; }));
}

}  // extern "C"
