// A stack of its own to run on: Boost.Context's switch, about 5 ns, with every switch announced to
// AddressSanitizer, which would otherwise take one stack's frames for another's.
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

namespace simt {

/// Stacks for all threads of a block, of which each worker has one set. Address space is cheap;
/// pages are only used once touched.
class FiberStacks {
 public:
  static constexpr std::size_t stack_bytes = 64 << 10;
  explicit FiberStacks(int count);
  ~FiberStacks();
  FiberStacks(const FiberStacks&) = delete;
  FiberStacks& operator=(const FiberStacks&) = delete;
  /// To be called when fibers were given up in the middle: AddressSanitizer forgets their frames.
  void abandon();
  char* bottom(int i) const { return memory_ + static_cast<std::size_t>(i) * stack_bytes; }

 private:
  char* memory_;
  std::size_t bytes_;
};

/// What an interrupted stack needs to be gone on with.
class Fiber {
 public:
  /// Begins `entry(argument)` at the first resume; it must never return, but call finish().
  void prepare(char* stack_bottom, void (*entry)(void*), void* argument);
  /// From the worker's own stack: runs the fiber until it suspends or finishes.
  void resume();
  /// From the fiber: goes back to resume()'s caller.
  void suspend();
  [[noreturn]] void finish();

 private:
  static void begin(boost::context::detail::transfer_t from);

  boost::context::detail::fcontext_t own_ = nullptr, caller_ = nullptr;
  char* stack_bottom_ = nullptr;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  // AddressSanitizer's books.
  void* fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_bytes_ = 0;
};

}  // namespace simt
