// A backend that passes every call on and keeps account of the time and the arithmetic per op.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "backend/backend.h"

namespace dcgan::bench {

/// What one op of a step cost, summed over the calls since the last clear().
struct OpCost {
  double seconds = 0;
  double flops = 0;  ///< nominal: 2 * multiply-adds of the direct form, edges counted as if full
  std::int64_t calls = 0;
};

/// Names are "dense 100x6272 forward", "batch_norm 128 backward", "adam" ...
using Account = std::map<std::string, OpCost>;

/// A decorator of `inner`, which must outlive it; so must `account`.
std::unique_ptr<Backend> make_timed_backend(Backend& inner, Account& account);

}  // namespace dcgan::bench
