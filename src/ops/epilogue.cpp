#include "ops/epilogue.h"

namespace dcgan {
namespace {

Op epilogue_op(Direction direction, std::int64_t rows, std::int64_t channels,
               double flops_per_value, double bytes_per_value) {
  const auto values = static_cast<double>(rows * channels);
  return {"epilogue",
          to_string(direction),
          {{"rows", rows}, {"channels", channels}},
          std::to_string(rows) + "x" + std::to_string(channels),
          flops_per_value * values,
          bytes_per_value * values};
}

double mask_bytes(const Epilogue& e, const std::uint8_t* keep) {
  return e.dropout_rate > 0 && keep ? 1 : 0;
}

}  // namespace

float Epilogue::keep_scale() const { return 1.0F / (1.0F - dropout_rate); }

bool Epilogue::does_something() const {
  return bias || activation != Activation::none || dropout_rate > 0;
}

Op describe(const EpilogueForward& c) {
  return epilogue_op(Direction::forward, c.rows, c.channels, 3, 8 + mask_bytes(c.epilogue, c.keep));
}

Op describe(const EpilogueBackward& c) {
  const double y = c.epilogue.activation != Activation::none ? 4 : 0;
  return epilogue_op(Direction::backward, c.rows, c.channels, 4,
                     8 + y + mask_bytes(c.epilogue, c.keep));
}

}  // namespace dcgan
