// Host code that touches memory while a queued copy owns it, or device memory at any time.
#pragma once

namespace simt::check {

/// Copies between host and device have been queued: from now on host code is checked.
void watch_host();

}  // namespace simt::check
