// Copies from global to shared memory that a thread begins, groups and waits for. Until the wait
// the words that they write keep what they held; a copy reads its source then, too, since what
// changes it in between changes what arrives.
#include <algorithm>
#include <cstring>

#include "simt/execution/block.h"
#include "simt/observe/observer.h"

namespace simt {

void BlockRunner::begin_copy(const AsyncCopy& copy, const CallSite& call) {
  Thread& thread = thread_at(current_);
  observe::observer = nullptr;
  thread.copies.push_back(copy);
  thread.copies.back().group = thread.groups;
  if (!observer_) return;
  const auto access = [&](const char* p, unsigned bytes, bool write) {
    return observe::MemoryAccess{
        reinterpret_cast<std::uintptr_t>(p), bytes, write, true, call.return_address, call.frame};
  };
  observer_->copy_begun(access(copy.from, copy.source_bytes, false),
                        access(copy.to, copy.bytes, true));
  observe::observer = observer_;
}

void BlockRunner::wait_for_copies(unsigned pending, const CallSite& call) {
  Thread& thread = thread_at(current_);
  observe::observer = nullptr;
  const auto covered = [&](const AsyncCopy& copy) { return copy.group + pending < thread.groups; };
  const auto end = std::find_if_not(thread.copies.begin(), thread.copies.end(), covered);
  for (auto copy = thread.copies.begin(); copy != end; ++copy) {
    if (observer_)
      observer_->copy_landed({reinterpret_cast<std::uintptr_t>(copy->to), copy->bytes, true, true,
                              call.return_address, call.frame});
    std::memcpy(copy->to, copy->from, copy->source_bytes);
    std::memset(copy->to + copy->source_bytes, 0, copy->bytes - copy->source_bytes);
  }
  thread.copies.erase(thread.copies.begin(), end);
  observe::observer = observer_;
}

}  // namespace simt
