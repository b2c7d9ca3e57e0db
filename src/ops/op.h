// An op of a training step, described for what does not compute it: the recorder, benchmarks, the
// profile, the performance model. Each op's own file here has its shape, its sizes and its work.
// Functions are defined in the .cpp files: kernels include these headers, and inline functions,
// compiled for another processor or instrumented, would be merged with those of all other files.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace dcgan {

enum class Direction { forward, inference, backward_data, backward_weights, backward };

/// "backward-data"
std::string to_string(Direction direction);

/// One call of an op, in words and numbers.
struct Op {
  std::string name;       ///< "conv2d"
  std::string direction;  ///< "backward-data"; empty where the op has one only
  std::vector<std::pair<std::string, std::int64_t>> shape;  ///< {"batch", 256} ...
  double flops = 0;  ///< of the formula: a multiply-add counts two, a tap beside the image nothing
  double bytes = 0;  ///< each operand read or written once: the least that must be moved
  std::string size{};  ///< the shape in labels, if not its numbers joined by x

  /// "conv2d 512x14x14x32->64 k5 /2 forward"
  std::string label() const;
  /// The shape's entry of that name.
  std::int64_t at(const std::string& dimension) const;
};

/// {"op": "conv2d", "direction": "forward", "shape": {"batch": 512 ...}, "label": "conv2d ...",
/// "flops": 1e9, "bytes": 1e6}
nlohmann::ordered_json to_json(const Op& op);

/// Work of a layer y = x * kernel in one direction, from the number of values of each and the FLOPs
/// of one product. masked: the forward pass also reads a byte of dropout mask for each y.
void set_product_work(Op& op, Direction direction, std::int64_t x, std::int64_t kernel,
                      std::int64_t y, double flops, bool masked);

// Each op's file also has least_bytes(): Op::bytes without the cost of making a label.

/// A copy of that many bytes on the device.
Op describe_copy(std::size_t bytes);

}  // namespace dcgan
