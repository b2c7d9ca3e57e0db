#define SIMT_SETS_BUILT_IN_VARIABLES
#include "simt/block.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>
#include <numeric>
#include <string_view>

#include "simt/check/block_check.h"
#include "simt/profile/block_profile.h"
#include "simt/shared_memory.h"

namespace simt {

// The storage behind the header's constants.
__thread uint3 threadIdx, blockIdx;
__thread dim3 blockDim{1, 1, 1}, gridDim{1, 1, 1};

namespace {

thread_local BlockRunner* running = nullptr;

std::string text(const Place& place) {
  const std::string file = place.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line());
}

bool same(const Place& a, const Place& b) {
  return a.line() == b.line() &&
         (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
}

std::string text(uint3 i) {
  return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
}

const char* name(WarpOp op) {
  switch (op) {
    case WarpOp::sync:
      return "__syncwarp";
    case WarpOp::shuffle:
      return "__shfl_sync";
    case WarpOp::shuffle_up:
      return "__shfl_up_sync";
    case WarpOp::shuffle_down:
      return "__shfl_down_sync";
    case WarpOp::shuffle_xor:
      return "__shfl_xor_sync";
    case WarpOp::ballot:
      return "__ballot_sync";
  }
  return "";
}

/// From which lane a shuffle takes its value; where its own rule leads outside: from the lane
/// itself.
int source_lane(WarpOp op, int lane, unsigned argument, int width) {
  const int first = lane / width * width, distance = static_cast<int>(argument);
  int source = lane;
  if (op == WarpOp::shuffle) source = first + distance % width;
  if (op == WarpOp::shuffle_up) source = lane - distance;
  if (op == WarpOp::shuffle_down) source = lane + distance;
  if (op == WarpOp::shuffle_xor) source = lane ^ distance;
  const bool outside = source < first || source >= first + width;
  // An xor may reach into the segments below its own, not above (CUDA C++ Programming Guide).
  if (op == WarpOp::shuffle_xor) return source < first + width ? source : lane;
  return outside ? lane : source;
}

}  // namespace

BlockRunner* current_block() { return running; }

BlockRunner::BlockRunner() : stacks_(most_threads), threads_(most_threads) {
  dynamic_shared_ = mmap(nullptr, dynamic_shared_capacity, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (dynamic_shared_ == MAP_FAILED) throw std::bad_alloc();
}

BlockRunner::~BlockRunner() { munmap(dynamic_shared_, dynamic_shared_capacity); }

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
  check::looking = true;
  Thread& thread = self.threads_[static_cast<std::size_t>(self.current_)];
  thread.state = State::returned;
  thread.fiber.finish();
}

void BlockRunner::start(const LaunchShape& shape, dim3 index) {
  count_ = static_cast<int>(shape.block.x * shape.block.y * shape.block.z);
  dynamic_shared_bytes_ = shape.dynamic_shared_bytes;
  poison(dynamic_shared_, dynamic_shared_bytes_);
  violation_.clear();
  warp_operation_pending_ = false;
  blockIdx = {index.x, index.y, index.z};
  blockDim = shape.block;
  gridDim = shape.grid;
  for (int i = 0; i < count_; ++i) {
    Thread& thread = threads_[static_cast<std::size_t>(i)];
    const auto n = static_cast<unsigned>(i);
    thread.index = {n % shape.block.x, n / shape.block.x % shape.block.y,
                    n / shape.block.x / shape.block.y};
    thread.state = State::ready;
    thread.fiber.prepare(stacks_.bottom(i), &BlockRunner::enter, this);
  }
  order_.resize(static_cast<std::size_t>(count_));
  std::iota(order_.begin(), order_.end(), 0);
}

void BlockRunner::run(const LaunchShape& shape, const KernelCall& call, dim3 index, Order order,
                      std::uint64_t seed, std::optional<check::CheckedBlock> watched,
                      profile::LaunchProfile* profile) {
  start(shape, index);
  call_ = &call;
  if (watched) {
    if (!check_) check_ = std::make_unique<check::BlockCheck>(*this);
    watching_ = check_.get();
    watching_->begin(*watched->launch, watched->launch->run_of_block(watched->number),
                     dynamic_shared_bytes_);
  }
  if (profile) {
    if (!profile_) profile_ = std::make_unique<profile::BlockProfile>(*this);
    profiling_ = profile_.get();
    profiling_->begin(*profile);
  }
  std::mt19937_64 random(seed);
  if (order == Order::reverse) std::reverse(order_.begin(), order_.end());
  running = this;
  while (violation_.empty()) {
    if (order == Order::random) std::shuffle(order_.begin(), order_.end(), random);
    if (run_ready_threads() && finish_warp_operations()) continue;
    if (!violation_.empty()) break;
    const bool all_returned =
        std::all_of(threads_.begin(), threads_.begin() + count_,
                    [](const Thread& t) { return t.state == State::returned; });
    if (!all_returned) release_barrier();
    if (watching_ && violation_.empty()) violation_ = watching_->end_interval();
    if (profiling_ && violation_.empty()) profiling_->end_interval();
    if (all_returned) break;
  }
  running = nullptr;
  if (watching_) watching_->end();
  watching_ = nullptr;
  if (profiling_) profiling_->end();
  profiling_ = nullptr;
  if (violation_.empty()) return;
  stacks_.abandon();
  throw Violation{violation_};
}

/// Each until it waits or returns. Whether any now waits in a warp operation, which may be
/// complete.
bool BlockRunner::run_ready_threads() {
  for (const int i : order_) {
    if (threads_[static_cast<std::size_t>(i)].state != State::ready) continue;
    resume(i);
    if (!violation_.empty()) return false;
  }
  return warp_operation_pending_;
}

void BlockRunner::resume(int i) {
  Thread& thread = threads_[static_cast<std::size_t>(i)];
  current_ = i;
  threadIdx = thread.index;
  if (watching_) watching_->resumed();
  if (profiling_) profiling_->resumed();
  thread.fiber.resume();
  if (watching_) watching_->suspended();
  if (profiling_) profiling_->suspended();
}

void BlockRunner::suspend() { threads_[static_cast<std::size_t>(current_)].fiber.suspend(); }

void BlockRunner::violate(std::string what) {
  check::looking = true;
  if (violation_.empty()) violation_ = std::move(what);
  // The thread stays where it is for ever; its block is given up.
  threads_[static_cast<std::size_t>(current_)].state = State::returned;
  for (;;) suspend();
}

void BlockRunner::barrier(const Place& place) {
  check::looking = true;
  Thread& thread = threads_[static_cast<std::size_t>(current_)];
  thread.state = State::at_barrier;
  thread.place = place;
  suspend();
}

std::uint64_t BlockRunner::warp_operation(WarpOp op, unsigned mask, std::uint64_t value,
                                          unsigned argument, int width, const Place& place) {
  check::looking = true;
  Thread& thread = threads_[static_cast<std::size_t>(current_)];
  if (!(mask >> (current_ % warp_size) & 1))
    violate(thread_name(current_) + " is not in the mask of its own " + name(op) + ", " +
            text(place));
  if (width <= 0 || width > warp_size || (width & (width - 1)) != 0)
    violate(thread_name(current_) + ": a width of " + std::to_string(width) + " in " + name(op) +
            ", " + text(place) + "; powers of two up to 32 are allowed");
  thread.state = State::in_warp_operation;
  thread.op = op, thread.mask = mask, thread.value = value, thread.argument = argument;
  thread.width = width, thread.place = place;
  warp_operation_pending_ = true;
  suspend();
  return thread.result;
}

/// Lets every warp operation end whose lanes have all arrived. Whether one did.
bool BlockRunner::finish_warp_operations() {
  bool any = false, pending = false;
  for (int first = 0; first < count_; first += warp_size)
    for (int i = first; i < std::min(first + warp_size, count_); ++i) {
      if (threads_[static_cast<std::size_t>(i)].state != State::in_warp_operation) continue;
      if (finish_warp_operation(first, i))
        any = true;
      else
        pending = true;
      if (!violation_.empty()) return false;
    }
  warp_operation_pending_ = pending;
  return any;
}

/// The operation that thread i of the warp at `first` waits in. Lanes that can never come are told
/// at once.
bool BlockRunner::finish_warp_operation(int first, int i) {
  const Thread& waiting = threads_[static_cast<std::size_t>(i)];
  bool complete_now = true;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(waiting.mask >> lane & 1)) continue;
    const int other = first + lane;
    const auto call = [&] {
      return std::string(name(waiting.op)) + ", " + text(waiting.place) + ",";
    };
    if (other >= count_) {
      violation_ = thread_name(i) + " names lane " + std::to_string(lane) + " in " + call() +
                   " which the block does not have";
      return false;
    }
    const Thread& thread = threads_[static_cast<std::size_t>(other)];
    const bool arrived = thread.state == State::in_warp_operation && thread.op == waiting.op &&
                         thread.mask == waiting.mask && same(thread.place, waiting.place);
    if (arrived) continue;
    complete_now = false;
    std::string where;
    if (thread.state == State::returned) where = "has returned";
    if (thread.state == State::at_barrier) where = "waits at the barrier in " + text(thread.place);
    if (!where.empty()) {
      violation_ = thread_name(i) + " waits in " + call() + " for " + thread_name(other) +
                   ", which " + where;
      return false;
    }
  }
  if (complete_now) complete(first, waiting.mask);
  return complete_now;
}

void BlockRunner::complete(int first, unsigned mask) {
  const int leader = std::countr_zero(mask);
  if (watching_ && threads_[static_cast<std::size_t>(first + leader)].op == WarpOp::sync)
    watching_->meet(first, mask);
  unsigned ballot = 0;
  for (int lane = 0; lane < warp_size; ++lane)
    if ((mask >> lane & 1) && threads_[static_cast<std::size_t>(first + lane)].value)
      ballot |= 1U << lane;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(mask >> lane & 1)) continue;
    Thread& thread = threads_[static_cast<std::size_t>(first + lane)];
    const int source = source_lane(thread.op, lane, thread.argument, thread.width);
    if (thread.op == WarpOp::ballot)
      thread.result = ballot;
    else if (mask >> source & 1)
      thread.result = threads_[static_cast<std::size_t>(first + source)].value;
    else
      poison(&thread.result, sizeof thread.result);
  }
  for (int lane = 0; lane < warp_size; ++lane)
    if (mask >> lane & 1) threads_[static_cast<std::size_t>(first + lane)].state = State::ready;
}

/// All threads wait or have returned. Right is that all wait at one barrier.
void BlockRunner::release_barrier() {
  const Thread* at = nullptr;
  int at_index = 0;
  for (int i = 0; i < count_; ++i)
    if (threads_[static_cast<std::size_t>(i)].state == State::at_barrier) {
      at = &threads_[static_cast<std::size_t>(i)];
      at_index = i;
      break;
    }
  for (int i = 0; i < count_; ++i) {
    const Thread& thread = threads_[static_cast<std::size_t>(i)];
    const bool arrived = at && thread.state == State::at_barrier && same(thread.place, at->place);
    if (arrived) continue;
    std::string other = thread_name(i);
    if (thread.state == State::returned) other += " has returned";
    if (thread.state == State::at_barrier) other += " waits at the one in " + text(thread.place);
    if (thread.state == State::in_warp_operation)
      other += " waits in " + std::string(name(thread.op)) + ", " + text(thread.place);
    violation_ = at ? thread_name(at_index) + " waits at the barrier in " + text(at->place) +
                          ", but " + other
                    : other + " for lanes that wait for others: a deadlock";
    return;
  }
  for (int i = 0; i < count_; ++i) threads_[static_cast<std::size_t>(i)].state = State::ready;
}

// What device_language.h declares. The host compiler may call kernels' helpers outside kernels.
void block_barrier(const Place& place) {
  if (running) running->barrier(place);
}

std::uint64_t warp_operation(WarpOp op, unsigned mask, std::uint64_t value, unsigned argument,
                             int width, const Place& place) {
  return running ? running->warp_operation(op, mask, value, argument, width, place) : value;
}

void* dynamic_shared_memory() { return running ? running->dynamic_shared_memory() : nullptr; }

}  // namespace simt
