// What the machine remembers of each word of device memory that checked code allocated: which bytes
// have been written, the last write and two reads since it, the last change of a counter. Accesses
// to one byte, one of them a write, are a race where they are of different threads and no barrier
// or
// __syncwarp lies between them, of different blocks of a launch that no counter puts in order, or
// of operations that neither a stream nor an event puts in order. Atomic operations of one launch
// do not race with each other. Remembered are two unordered reads: exact, but for three operations,
// three blocks that a counter orders, or three lanes (with partial masks) that read unordered what
// a fourth then writes.
#pragma once
#include <atomic>
#include <map>
#include <mutex>

#include "simt/check/block_order.h"
#include "simt/check/history.h"
#include "simt/check/shadow_memory.h"

namespace simt::check {

struct GlobalCell {
  Access write, read, also_read;
};

/// One allocation.
struct TrackedAllocation {
  TrackedAllocation(const void* memory, std::size_t size)
      : begin(static_cast<const char*>(memory)), end(begin + size), shadow(size) {}
  const char* begin;
  const char* end;
  ShadowMemory<GlobalCell> shadow;
  // Of each counter, by its offset: the last atomic operation. All others of its launch precede
  // what comes after this one.
  std::map<std::size_t, Access> last_changes;
  std::mutex last_changes_mutex;
};

/// Something that accesses device memory: a block's thread, or a copy.
struct Accessor {
  Access access;
  BlockOrder* order;  // of that block; null: a copy
};

class GlobalShadow {
 public:
  void add(const void* memory, std::size_t bytes);
  void remove(const void* memory);
  bool empty() const { return tracked_.empty(); }
  /// The allocation that `p` lies in; null: it is not tracked.
  TrackedAllocation* find(const void* p);

  /// n bytes at a multiple of n, n a power of two up to 16. Any number of workers at once.
  Finding access(TrackedAllocation& memory, const char* p, unsigned n, bool write,
                 const Accessor& by);
  /// An atomic operation on a word. One worker at a time.
  Finding change(TrackedAllocation& memory, const char* p, const Accessor& by);
  /// Copies which bytes are written.
  void copy_written(TrackedAllocation& to, const char* to_p, TrackedAllocation& from,
                    const char* from_p, std::size_t bytes);

 private:
  static void step(GlobalCell& cell, std::size_t byte, bool write, const Accessor& by,
                   Finding& found);

  std::map<const char*, TrackedAllocation> tracked_;  // by their beginning
  // Each 16-byte piece of memory is guarded by one of these.
  static constexpr std::size_t lock_count = 1 << 14;
  std::vector<std::atomic<bool>> locks_ = std::vector<std::atomic<bool>>(lock_count);
};

GlobalShadow& global_shadow();

}  // namespace simt::check
