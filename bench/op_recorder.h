// A backend that passes every call on and tells of each op before and after it, with its shape.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "backend/backend.h"

namespace dcgan::bench {

/// Called after each op has run to its end on the device: {"op": "conv2d", "pass": "forward", ...}.
using OpObserver = std::function<void(const nlohmann::ordered_json& op)>;

/// A decorator of `inner`, which must outlive it.
std::unique_ptr<Backend> make_op_recorder(Backend& inner, OpObserver observer);

}  // namespace dcgan::bench
