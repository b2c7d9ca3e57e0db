// A backend that passes every call on and has each op run by an observer, who is told what it is:
// for profiles, for timing a step op by op, for counting its arithmetic.
#pragma once
#include <functional>
#include <memory>

#include "backend/backend.h"

namespace dcgan {

/// Called for each op; run() calls it on the inner backend, without waiting for it.
using OpObserver = std::function<void(const Op& op, const std::function<void()>& run)>;

/// A decorator of `inner`, which must outlive it.
std::unique_ptr<Backend> make_recording_backend(Backend& inner, OpObserver observer);

}  // namespace dcgan
