// A block's life: its threads start, run until they wait or return, meet at barriers, and end.
#define SIMT_SETS_BUILT_IN_VARIABLES
#include "simt/execution/block.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <random>
#include <utility>

#include "simt/execution/call_text.h"
#include "simt/memory/poison.h"
#include "simt/observe/observer.h"

namespace simt {

// The storage behind the header's constants.
__thread uint3 threadIdx, blockIdx;
__thread dim3 blockDim{1, 1, 1}, gridDim{1, 1, 1};

namespace {

thread_local BlockRunner* running = nullptr;

}  // namespace

int BlockRunner::thread_of_stack(const char* p) const {
  if (p < stacks_.bottom(0) || p >= stacks_.bottom(count_)) return -1;
  return static_cast<int>((p - stacks_.bottom(0)) /
                          static_cast<std::ptrdiff_t>(FiberStacks::stack_bytes));
}

std::string BlockRunner::thread_name(int thread) const {
  return "thread " + text(threads_[static_cast<std::size_t>(thread)].index);
}

void BlockRunner::enter(void* runner) {
  auto& self = *static_cast<BlockRunner*>(runner);
  self.call_->run();
  observe::observer = nullptr;
  Thread& thread = self.thread_at(self.current_);
  // PTX does not say what becomes of them: whose the memory then is, another block's perhaps.
  if (self.violation_.empty() && !thread.copies.empty())
    self.violation_ = self.thread_name(self.current_) + " returns without having waited for " +
                      std::to_string(thread.copies.size()) + " of its asynchronous copies";
  thread.state = State::returned;
  thread.fiber.finish();
}

void BlockRunner::start(const LaunchShape& shape, std::uint64_t block) {
  count_ = static_cast<int>(count_of(shape.block));
  poison(dynamic_shared_.data(), shape.dynamic_shared_bytes);
  violation_.clear();
  warp_operation_pending_ = false;
  blockIdx = index_in(shape.grid, block);
  blockDim = shape.block;
  gridDim = shape.grid;
  for (int i = 0; i < count_; ++i) {
    Thread& thread = thread_at(i);
    thread.index = index_in(shape.block, static_cast<unsigned>(i));
    thread.state = State::ready;
    thread.copies.clear();
    thread.groups = 0;
    thread.fiber.prepare(stacks_.bottom(i), &BlockRunner::enter, this);
  }
  order_.resize(static_cast<std::size_t>(count_));
  std::iota(order_.begin(), order_.end(), 0);
}

void BlockRunner::run(const LaunchShape& shape, const KernelCall& call, std::uint64_t block,
                      Order order, std::uint64_t seed, observe::LaunchObserver* observer) {
  start(shape, block);
  call_ = &call;
  observer_ = observer ? &observer->block_begins(*this, block) : nullptr;
  std::mt19937_64 random(seed);
  if (order == Order::reverse) std::reverse(order_.begin(), order_.end());
  running = this;
  observe::AccessObserver* const of_host = std::exchange(observe::observer, nullptr);
  while (violation_.empty()) {
    if (order == Order::random) std::shuffle(order_.begin(), order_.end(), random);
    if (run_ready_threads() && complete_warp_operations()) continue;
    if (!violation_.empty()) break;
    const bool all_returned =
        std::all_of(threads_.begin(), threads_.begin() + count_,
                    [](const Thread& t) { return t.state == State::returned; });
    if (!all_returned) release_barrier();
    if (observer_ && violation_.empty()) violation_ = observer_->interval_ended();
    if (all_returned) break;
  }
  running = nullptr;
  if (observer_) observer_->block_ended();
  observer_ = nullptr;
  observe::observer = of_host;
  if (violation_.empty()) return;
  stacks_.abandon();
  throw Violation{violation_};
}

/// Runs each until it waits or returns. Whether any waits in a warp operation that may be complete.
bool BlockRunner::run_ready_threads() {
  for (const int i : order_) {
    if (thread_at(i).state != State::ready) continue;
    resume(i);
    if (!violation_.empty()) return false;
  }
  return warp_operation_pending_;
}

void BlockRunner::resume(int i) {
  Thread& thread = thread_at(i);
  current_ = i;
  threadIdx = thread.index;
  if (observer_) {
    observer_->set_local_memory(stack_bottom());
    observer_->thread_resumed();
  }
  observe::observer = observer_;  // until the thread calls the machine
  thread.fiber.resume();
}

void BlockRunner::suspend() { thread_at(current_).fiber.suspend(); }

void BlockRunner::violate(std::string what) {
  observe::observer = nullptr;
  if (violation_.empty()) violation_ = std::move(what);
  // The thread never resumes; its block is abandoned.
  thread_at(current_).state = State::returned;
  for (;;) suspend();
}

void BlockRunner::barrier(const Place& place) {
  observe::observer = nullptr;
  Thread& thread = thread_at(current_);
  thread.state = State::at_barrier;
  thread.place = place;
  suspend();
}

unsigned BlockRunner::change(const AtomicChange& change, const CallSite& call) {
  if (!observer_) return change.apply();
  observe::observer = nullptr;
  const unsigned before =
      observer_->change({reinterpret_cast<std::uintptr_t>(change.word), sizeof *change.word, true,
                         true, call.return_address, call.frame},
                        change);
  observe::observer = observer_;
  return before;
}

/// For the observer alone: AtomicChange orders what the workers do, with or without a fence.
void BlockRunner::fence() {
  if (!observer_) return;
  observe::observer = nullptr;
  observer_->fenced();
  observe::observer = observer_;
}

void BlockRunner::wait_for_earlier_launches() {
  if (!observer_) return;
  observe::observer = nullptr;
  observer_->waited_for_earlier_launches();
  observe::observer = observer_;
}

/// All threads wait or have returned: a violation unless all wait at one barrier.
void BlockRunner::release_barrier() {
  int first = 0;
  while (first < count_ && thread_at(first).state != State::at_barrier) ++first;
  const Thread* const at = first < count_ ? &thread_at(first) : nullptr;
  for (int i = 0; i < count_; ++i) {
    const Thread& thread = thread_at(i);
    const bool arrived = at && thread.state == State::at_barrier && same(thread.place, at->place);
    if (arrived) continue;
    std::string other = thread_name(i);
    if (thread.state == State::returned) other += " has returned";
    if (thread.state == State::at_barrier) other += " waits at the one in " + text(thread.place);
    if (thread.state == State::in_warp_operation)
      other += " waits in " + std::string(name(thread.op)) + ", " + text(thread.place);
    violation_ =
        at ? thread_name(first) + " waits at the barrier in " + text(at->place) + ", but " + other
           : other + " for lanes that wait for others: a deadlock";
    return;
  }
  for (int i = 0; i < count_; ++i) thread_at(i).state = State::ready;
}

// What device_language.h declares. The host compiler may call kernels' helpers outside kernels.
void block_barrier(const Place& place) {
  if (running) running->barrier(place);
}

std::uint64_t warp_operation(WarpOp op, unsigned mask, std::uint64_t value, unsigned argument,
                             int width, const Place& place) {
  return running ? running->warp_operation(op, mask, value, argument, width, place) : value;
}

void mma_operation(const MmaFragments& fragments, const Place& place) {
  warp_operation(WarpOp::mma, ~0U, std::bit_cast<std::uint64_t>(&fragments), 0, warp_size, place);
}

#define SIMT_CALL_SITE \
  CallSite { __builtin_return_address(0), __builtin_frame_address(0) }

unsigned atomic_operation(AtomicOp op, unsigned* word, unsigned operand) {
  const AtomicChange change{op, word, operand};
  return running ? running->change(change, SIMT_CALL_SITE) : change.apply();
}

void async_copy(void* shared, const void* global, unsigned bytes, unsigned source_bytes) {
  if (running)
    running->begin_copy(
        {static_cast<char*>(shared), static_cast<const char*>(global), bytes, source_bytes},
        SIMT_CALL_SITE);
}

void commit_async_copies() {
  if (running) running->commit_copies();
}

void wait_for_async_copies(unsigned pending) {
  if (running) running->wait_for_copies(pending, SIMT_CALL_SITE);
}

void device_fence() {
  if (running) running->fence();
}

void wait_for_earlier_launches() {
  if (running) running->wait_for_earlier_launches();
}

void* dynamic_shared_memory() { return running ? running->dynamic_shared_memory() : nullptr; }

}  // namespace simt
