// What the compiler calls for each load and store of code that is compiled with -fsanitize=thread,
// answered here instead of by that sanitizer's own library, which is not linked.
#include <atomic>

#include "simt/check/block_check.h"
#include "simt/check/copies.h"
#include "simt/profile/block_profile.h"

using simt::check::active_check;
using simt::profile::active_profile;

namespace {

class Looking {
 public:
  Looking() { simt::check::looking = true; }
  ~Looking() { simt::check::looking = false; }
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;
};

// `frame`: where the caller's stack is.
void access(const void* p, unsigned bytes, bool write, bool aligned, const void* return_address,
            const void* frame) {
  if (simt::check::looking) return;
  const Looking now;
  if (active_check)
    active_check->access(p, bytes, write, aligned, return_address);
  else if (active_profile)
    active_profile->access(p, bytes, write, aligned, return_address, frame);
  else
    simt::check::host_access(p, bytes, write, return_address);
}

void range(const void* p, std::size_t bytes, bool write, const void* return_address,
           const void* frame) {
  if (simt::check::looking) return;
  const Looking now;
  if (active_check)
    active_check->access_range(reinterpret_cast<std::uintptr_t>(p), bytes, write, return_address);
  else if (active_profile)
    active_profile->access(p, bytes, write, false, return_address, frame);
  else
    simt::check::host_access(p, bytes, write, return_address);
}

}  // namespace

#define SIMT_CALLBACK(name, bytes, write, aligned)                                             \
  void __tsan_##name##bytes(void* p) {                                                         \
    access(p, bytes, write, aligned, __builtin_return_address(0), __builtin_frame_address(0)); \
  }
#define SIMT_CALLBACKS(bytes)                        \
  SIMT_CALLBACK(read, bytes, false, true)            \
  SIMT_CALLBACK(write, bytes, true, true)            \
  SIMT_CALLBACK(volatile_read, bytes, false, true)   \
  SIMT_CALLBACK(volatile_write, bytes, true, true)   \
  SIMT_CALLBACK(unaligned_read, bytes, false, false) \
  SIMT_CALLBACK(unaligned_write, bytes, true, false)

// Host code of a kernel's file counts references with atomics; they are what they were.
#define SIMT_ATOMIC_UPDATE(bits, name, update)                                       \
  std::uint##bits##_t __tsan_atomic##bits##_##name(volatile std::uint##bits##_t* p,  \
                                                   std::uint##bits##_t value, int) { \
    return update(p, value, __ATOMIC_SEQ_CST);                                       \
  }
#define SIMT_ATOMICS(bits)                                                                     \
  std::uint##bits##_t __tsan_atomic##bits##_load(const volatile std::uint##bits##_t* p, int) { \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                               \
  }                                                                                            \
  void __tsan_atomic##bits##_store(volatile std::uint##bits##_t* p, std::uint##bits##_t value, \
                                   int) {                                                      \
    __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                                              \
  }                                                                                            \
  SIMT_ATOMIC_UPDATE(bits, exchange, __atomic_exchange_n)                                      \
  SIMT_ATOMIC_UPDATE(bits, fetch_add, __atomic_fetch_add)                                      \
  SIMT_ATOMIC_UPDATE(bits, fetch_sub, __atomic_fetch_sub)                                      \
  SIMT_ATOMIC_UPDATE(bits, fetch_and, __atomic_fetch_and)                                      \
  SIMT_ATOMIC_UPDATE(bits, fetch_or, __atomic_fetch_or)                                        \
  SIMT_ATOMIC_UPDATE(bits, fetch_xor, __atomic_fetch_xor)                                      \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile std::uint##bits##_t* p,           \
                                                    std::uint##bits##_t* expected,             \
                                                    std::uint##bits##_t wanted, int, int) {    \
    return __atomic_compare_exchange_n(p, expected, wanted, false, __ATOMIC_SEQ_CST,           \
                                       __ATOMIC_SEQ_CST);                                      \
  }                                                                                            \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile std::uint##bits##_t* p,             \
                                                  std::uint##bits##_t* expected,               \
                                                  std::uint##bits##_t wanted, int, int) {      \
    return __tsan_atomic##bits##_compare_exchange_strong(p, expected, wanted, 0, 0);           \
  }

extern "C" {
SIMT_CALLBACKS(1)
SIMT_CALLBACKS(2)
SIMT_CALLBACKS(4)
SIMT_CALLBACKS(8)
SIMT_CALLBACKS(16)
void __tsan_read_range(void* p, std::size_t bytes) {
  range(p, bytes, false, __builtin_return_address(0), __builtin_frame_address(0));
}
void __tsan_write_range(void* p, std::size_t bytes) {
  range(p, bytes, true, __builtin_return_address(0), __builtin_frame_address(0));
}
SIMT_ATOMICS(8)
SIMT_ATOMICS(16)
SIMT_ATOMICS(32)
SIMT_ATOMICS(64)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
/// What -fsanitize-coverage=trace-pc adds: a block of code begins.
void __sanitizer_cov_trace_pc() {
  if (!active_profile || simt::check::looking) return;
  const Looking now;
  active_profile->enter_code(__builtin_return_address(0), __builtin_frame_address(0));
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
