// An atomic operation as kernels ask for it, and how it is done: by a block's runner, or by the
// observer of the block.
#pragma once
#include "simt/language/device_language.h"

namespace simt {

/// Blocks run on several workers at once, so it is the processor's own atomic operation; it puts in
/// order all that the two blocks' workers did before and do after.
struct AtomicChange {
  AtomicOp op;
  unsigned* word;
  unsigned operand;

  /// What the word was before.
  unsigned apply() const {
    if (op == AtomicOp::add) return __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);
    if (op == AtomicOp::exchange) return __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);
    unsigned before = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(word, &before, before >= operand ? 0 : before + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return before;
  }
};

}  // namespace simt
