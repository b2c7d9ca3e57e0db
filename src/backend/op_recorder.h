// A backend that passes every call on and has each op run by an observer, who is told its shape.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "backend/backend.h"

namespace dcgan {

/// Called instead of each op, {"op": "conv2d", "pass": "forward", ...}; run() runs it to its end on
/// the device.
using OpObserver =
    std::function<void(const nlohmann::ordered_json& op, const std::function<void()>& run)>;

/// A decorator of `inner`, which must outlive it.
std::unique_ptr<Backend> make_op_recorder(Backend& inner, OpObserver observer);

}  // namespace dcgan
