// An op's label and JSON, and the work that dense layers and convolutions share.
#include "ops/op.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace dcgan {

std::string to_string(Direction direction) {
  switch (direction) {
    case Direction::forward:
      return "forward";
    case Direction::inference:
      return "inference";
    case Direction::backward_data:
      return "backward-data";
    case Direction::backward_weights:
      return "backward-weights";
    case Direction::backward:
      break;
  }
  return "backward";
}

std::string Op::label() const {
  std::string text = name;
  if (!size.empty())
    text += " " + size;
  else
    for (const auto& [dimension, extent] : shape)
      text += (&extent == &shape.front().second ? " " : "x") + std::to_string(extent);
  return direction.empty() ? text : text + " " + direction;
}

std::int64_t Op::at(const std::string& dimension) const {
  for (const auto& [name_of_it, size_of_it] : shape)
    if (name_of_it == dimension) return size_of_it;
  throw std::out_of_range(name + " has no dimension '" + dimension + "'");
}

nlohmann::ordered_json to_json(const Op& op) {
  nlohmann::ordered_json json{{"op", op.name}};
  if (!op.direction.empty()) json["direction"] = op.direction;
  for (const auto& [dimension, size] : op.shape) json["shape"][dimension] = size;
  json["label"] = op.label();
  json["flops"] = op.flops;
  json["bytes"] = op.bytes;
  return json;
}

void set_product_work(Op& op, Direction direction, std::int64_t x, std::int64_t kernel,
                      std::int64_t y, double flops, bool masked) {
  constexpr double f32 = sizeof(float);
  op.direction = to_string(direction);
  op.flops = direction == Direction::backward ? 2 * flops : flops;
  // Both directions back share dy; x and the kernel are read, their gradients written.
  const std::int64_t values =
      direction == Direction::backward ? 2 * (x + kernel) + y : x + kernel + y;
  op.bytes = f32 * static_cast<double>(values);
  if (masked && direction == Direction::forward) op.bytes += static_cast<double>(y);
}

Op describe_copy(std::size_t bytes) {
  return {
      "copy", "", {{"bytes", static_cast<std::int64_t>(bytes)}}, 0, 2 * static_cast<double>(bytes)};
}

}  // namespace dcgan
