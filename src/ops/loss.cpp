#include "ops/loss.h"

namespace dcgan {

// Logits and, of several columns, codes in; three adjoints and a ratio out.
double least_bytes(const GanLoss& loss) {
  const std::int64_t in = loss.columns > 1 ? 4 * loss.columns : 2;
  return 4 * static_cast<double>(loss.batch * (in + 4));
}

Op describe(const GanLoss& loss) {
  const auto n = static_cast<double>(loss.batch);
  Op op{"loss", "", {{"batch", loss.batch}}, 100 * n, least_bytes(loss)};
  if (loss.columns == 1) return op;
  op.shape.emplace_back("columns", loss.columns);
  op.flops += 4 * n * static_cast<double>(loss.columns);
  return op;
}

}  // namespace dcgan
