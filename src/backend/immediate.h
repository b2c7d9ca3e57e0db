// For backends whose work is done when a call returns.
#pragma once
#include "backend/backend.h"

namespace dcgan {

/// Makes the calls each time.
std::unique_ptr<RepeatedCalls> make_immediate_calls();
/// Downloads when it begins.
std::unique_ptr<PendingDownload> make_immediate_download(Backend& backend, std::size_t most_bytes);

}  // namespace dcgan
