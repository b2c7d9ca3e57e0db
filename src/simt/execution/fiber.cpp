#include "simt/execution/fiber.h"

#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace simt {
namespace {

namespace context = boost::context::detail;

#if defined(__SANITIZE_ADDRESS__)
void announce(void** save, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(save, bottom, bytes);
}
void arrived(void* saved, const void** bottom, std::size_t* bytes) {
  __sanitizer_finish_switch_fiber(saved, bottom, bytes);
}
void forget_frames(const void* stacks, std::size_t bytes) {
  __asan_unpoison_memory_region(stacks, bytes);
}
#else
void announce(void**, const void*, std::size_t) {}
void arrived(void*, const void**, std::size_t*) {}
void forget_frames(const void*, std::size_t) {}
#endif

}  // namespace

void FiberStacks::abandon() { forget_frames(memory_.data(), bytes_); }

void Fiber::prepare(char* stack_bottom, void (*entry)(void*), void* argument) {
  stack_bottom_ = stack_bottom;
  entry_ = entry;
  argument_ = argument;
  fake_stack_ = nullptr;
  own_ = context::make_fcontext(stack_bottom + FiberStacks::stack_bytes, FiberStacks::stack_bytes,
                                &Fiber::begin);
}

void Fiber::begin(context::transfer_t from) {
  Fiber& self = *static_cast<Fiber*>(from.data);
  arrived(nullptr, &self.caller_bottom_, &self.caller_bytes_);
  self.caller_ = from.fctx;
  self.entry_(self.argument_);
  std::abort();  // entry_ calls finish() and does not return
}

void Fiber::resume() {
  [[maybe_unused]] void* own_fake_stack = nullptr;
  announce(&own_fake_stack, stack_bottom_, FiberStacks::stack_bytes);
  const context::transfer_t back = context::jump_fcontext(own_, this);
  arrived(own_fake_stack, nullptr, nullptr);
  own_ = back.fctx;
}

void Fiber::suspend() {
  announce(&fake_stack_, caller_bottom_, caller_bytes_);
  const context::transfer_t back = context::jump_fcontext(caller_, nullptr);
  arrived(fake_stack_, &caller_bottom_, &caller_bytes_);
  caller_ = back.fctx;
}

void Fiber::finish() {
  announce(nullptr, caller_bottom_, caller_bytes_);
  context::jump_fcontext(caller_, nullptr);
  std::abort();
}

}  // namespace simt
