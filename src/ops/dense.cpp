#include "ops/dense.h"

namespace dcgan {

std::int64_t DenseShape::x_size() const { return batch * in; }
std::int64_t DenseShape::kernel_size() const { return in * out; }
std::int64_t DenseShape::y_size() const { return batch * out; }

Op describe(const DenseShape& s, Direction direction, bool masked) {
  Op op{"dense", "", {{"batch", s.batch}, {"in", s.in}, {"out", s.out}}};
  op.size = std::to_string(s.batch) + "x" + std::to_string(s.in) + "->" + std::to_string(s.out);
  const double flops = 2.0 * static_cast<double>(s.batch * s.in * s.out);
  set_product_work(op, direction, s.x_size(), s.kernel_size(), s.y_size(), flops, masked);
  return op;
}

}  // namespace dcgan
