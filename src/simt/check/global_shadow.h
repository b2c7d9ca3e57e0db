// What the machine remembers of each word of device memory that checked code allocated: which bytes
// have been written, the last write and two reads since it. Accesses to one byte, one of them a
// write, are a race where they are of different threads and no barrier or __syncwarp lies between
// them, of different blocks of a launch, or of operations that neither a stream nor an event puts
// in order. Remembered are two unordered reads: exact, but for three operations or three lanes
// (with partial masks) that read unordered what a fourth then writes.
#pragma once
#include <atomic>
#include <map>

#include "simt/check/access.h"
#include "simt/check/history.h"
#include "simt/check/shadow_pages.h"

namespace simt::check {

struct GlobalCell {
  Access write, read, also_read;
};

/// One allocation.
struct TrackedAllocation {
  TrackedAllocation(const void* memory, std::size_t size)
      : begin(static_cast<const char*>(memory)),
        end(begin + size),
        states(size / 4 + 1),
        words(size / 4 + 1),
        bytes(size + 4) {}
  const char* begin;
  const char* end;
  ShadowPages<std::uint8_t> states;  // per word: which bytes are written; split into bytes
  ShadowPages<GlobalCell> words, bytes;
};

/// Something that accesses device memory: a block's thread, or a copy.
struct Accessor {
  Access access;
  const WarpClocks* clocks;  // null: a copy
};

class GlobalShadow {
 public:
  void add(const void* memory, std::size_t bytes);
  void remove(const void* memory);
  bool empty() const { return tracked_.empty(); }
  /// The allocation that `p` lies in; null: it is not tracked.
  TrackedAllocation* find(const void* p);

  struct Finding {
    bool unwritten = false, racing_wrote = false;
    Access racing;  // moment 0: no race
    const char* byte = nullptr;
    bool nothing() const { return !unwritten && racing.moment == 0; }
  };

  /// n bytes at a multiple of n, n a power of two up to 16. Any number of workers at once.
  Finding access(TrackedAllocation& memory, const char* p, unsigned n, bool write,
                 const Accessor& by);
  /// Copies which bytes are written.
  void copy_written(TrackedAllocation& to, const char* to_p, TrackedAllocation& from,
                    const char* from_p, std::size_t bytes);
  static bool written(const TrackedAllocation& memory, std::size_t at) {
    return memory.states[at / 4] >> at % 4 & 1;
  }

 private:
  void step(GlobalCell& cell, const char* p, bool write, const Accessor& by, Finding& found);

  std::map<const char*, TrackedAllocation> tracked_;  // by their beginning
  // Each 16-byte piece of memory is guarded by one of these.
  static constexpr std::size_t lock_count = 1 << 14;
  std::vector<std::atomic<bool>> locks_ = std::vector<std::atomic<bool>>(lock_count);
};

GlobalShadow& global_shadow();

}  // namespace simt::check
