#include "ops/loss.h"

namespace dcgan {

Op describe(const GanLoss& loss) {
  const auto n = static_cast<double>(loss.batch);
  return {"loss", "", {{"batch", loss.batch}}, std::to_string(loss.batch), 100 * n, 24 * n};
}

}  // namespace dcgan
