// What the compiler calls for each load and store of code that is compiled with -fsanitize=thread,
// answered here instead of by that sanitizer's own library, which is not linked.
#include <cstddef>
#include <cstdint>

#include "simt/observe/observer.h"

namespace {

using simt::observe::AccessObserver;
using simt::observe::observer;

// While the observer works there is none: accesses of the machine itself are ignored.
inline void access(const void* p, std::size_t bytes, bool write, bool aligned,
                   const void* return_address, const void* frame) {
  const auto address = reinterpret_cast<std::uintptr_t>(p);
  AccessObserver* const told = observer;
  if (!told || told->is_local(address)) return;
  observer = nullptr;
  told->access({address, bytes, write, aligned, return_address, frame});
  observer = told;
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

// Host code in a kernel's file counts references with atomics; these do what they say.
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
  access(p, bytes, false, false, __builtin_return_address(0), __builtin_frame_address(0));
}
void __tsan_write_range(void* p, std::size_t bytes) {
  access(p, bytes, true, false, __builtin_return_address(0), __builtin_frame_address(0));
}
SIMT_ATOMICS(8)
SIMT_ATOMICS(16)
SIMT_ATOMICS(32)
SIMT_ATOMICS(64)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
/// What -fsanitize-coverage=trace-pc adds: a block of code begins.
void __sanitizer_cov_trace_pc() {
  AccessObserver* const told = observer;
  if (!told || !told->told_of_code()) return;
  observer = nullptr;
  told->enter_code(__builtin_return_address(0), __builtin_frame_address(0));
  observer = told;
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
