#include "ops/epilogue.h"

namespace dcgan {
namespace {

Op epilogue_op(Direction direction, std::int64_t rows, std::int64_t channels,
               double flops_per_value, double bytes) {
  return {"epilogue",
          to_string(direction),
          {{"rows", rows}, {"channels", channels}},
          flops_per_value * static_cast<double>(rows * channels),
          bytes};
}

double mask_bytes(const Epilogue& e, const std::uint8_t* keep) {
  return e.dropout_rate > 0 && keep ? 1 : 0;
}

}  // namespace

float Epilogue::keep_scale() const { return 1.0F / (1.0F - dropout_rate); }

bool Epilogue::plain() const { return activation == Activation::none && dropout_rate == 0; }

bool Epilogue::does_something() const { return bias || !plain(); }

double least_bytes(const EpilogueForward& c) {
  return (8 + mask_bytes(c.epilogue, c.keep)) * static_cast<double>(c.rows * c.channels);
}

Op describe(const EpilogueForward& c) {
  return epilogue_op(Direction::forward, c.rows, c.channels, 3, least_bytes(c));
}

double least_bytes(const EpilogueBackward& c) {
  const double y = c.epilogue.activation != Activation::none ? 4 : 0;
  return (8 + y + mask_bytes(c.epilogue, c.keep)) * static_cast<double>(c.rows * c.channels);
}

Op describe(const EpilogueBackward& c) {
  return epilogue_op(Direction::backward, c.rows, c.channels, 4, least_bytes(c));
}

Op through(Op op, const EpilogueBackward& before) {
  const Op epilogue = describe(before);
  op.flops += epilogue.flops;
  op.bytes += epilogue.bytes - 8 * static_cast<double>(before.rows * before.channels);
  return op;
}

}  // namespace dcgan
