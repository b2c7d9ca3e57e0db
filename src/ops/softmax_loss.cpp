#include "ops/softmax_loss.h"

namespace dcgan {

double least_bytes(const SoftmaxLoss& loss) {  // logits and labels in, their adjoint out
  const auto logits = static_cast<double>(loss.batch * loss.classes);
  return 4 * ((loss.adjoint ? 2 : 1) * logits + static_cast<double>(loss.batch));
}

Op describe(const SoftmaxLoss& loss) {  // an exponential each; the adjoint takes them once more
  const auto logits = static_cast<double>(loss.batch * loss.classes);
  return {"softmax_loss",
          "",
          {{"batch", loss.batch}, {"classes", loss.classes}},
          (loss.adjoint ? 40 : 20) * logits,
          least_bytes(loss)};
}

}  // namespace dcgan
