// Copies and fills of device memory, as check mode sees them; and host code that touches what a
// copy under way owns.
#pragma once
#include <cstddef>

#include "simt/operation_order.h"

namespace simt::check {

/// A copy runs. `to` and `from` are device memory, or null: the host's. Throws Violation where
/// another operation that is not in order with this one accesses the same memory.
void copied(const OperationOrder& order, const void* to, const void* from, std::size_t bytes);
void filled(const OperationOrder& order, const void* to, std::size_t bytes);

/// Copies between host and device have been queued: host code may meet one.
void watch_host();
/// Checked host code accesses memory. A mistake becomes the machine's failure.
void host_access(const void* p, std::size_t bytes, bool write, const void* return_address);

}  // namespace simt::check
