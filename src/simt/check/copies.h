// Copies and fills of device memory, as check mode sees them.
#pragma once
#include <cstddef>

#include "simt/streams/operation_order.h"

namespace simt::check {

/// A copy runs. `to` and `from` are device memory, or null: the host's. Throws Violation where
/// another operation that is not in order with this one accesses the same memory.
void copied(const OperationOrder& order, const void* to, const void* from, std::size_t bytes);
void filled(const OperationOrder& order, const void* to, std::size_t bytes);

}  // namespace simt::check
