// Stacks that can be suspended and resumed: Boost.Context's switch, about 5 ns. Each switch is
// announced to AddressSanitizer, which would otherwise mistake one stack's frames for another's.
#pragma once
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

#include "simt/memory/zeroed_pages.h"

namespace simt {

/// Stacks for all threads of a block; each worker has one set.
class FiberStacks {
 public:
  static constexpr std::size_t stack_bytes = 64 << 10;
  explicit FiberStacks(int count)
      : bytes_(static_cast<std::size_t>(count) * stack_bytes), memory_(bytes_) {}
  /// To be called when fibers are abandoned: AddressSanitizer forgets their frames.
  void abandon();
  char* bottom(int i) const { return &memory_[static_cast<std::size_t>(i) * stack_bytes]; }

 private:
  std::size_t bytes_;
  ZeroedPages<char> memory_;
};

/// State needed to resume a suspended stack.
class Fiber {
 public:
  /// The first resume() calls entry(argument), which must call finish() instead of returning.
  void prepare(char* stack_bottom, void (*entry)(void*), void* argument);
  /// From the worker's own stack: runs the fiber until it suspends or finishes.
  void resume();
  /// From the fiber: returns to resume()'s caller.
  void suspend();
  [[noreturn]] void finish();

 private:
  static void begin(boost::context::detail::transfer_t from);

  boost::context::detail::fcontext_t own_ = nullptr, caller_ = nullptr;
  char* stack_bottom_ = nullptr;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  // What AddressSanitizer is told of both stacks.
  void* fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_bytes_ = 0;
};

}  // namespace simt
