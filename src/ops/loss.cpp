#include "ops/loss.h"

namespace dcgan {

double least_bytes(const GanLoss& loss) {  // two logits in; three adjoints and a ratio out
  return 24 * static_cast<double>(loss.batch);
}

Op describe(const GanLoss& loss) {
  const auto n = static_cast<double>(loss.batch);
  return {"loss", "", {{"batch", loss.batch}}, 100 * n, least_bytes(loss)};
}

}  // namespace dcgan
