// Batch normalisation followed by LeakyReLU (Ioffe and Szegedy, 2015), in Keras's form.
#pragma once
#include <vector>

#include "backend/backend.h"

namespace dcgan::cpu {

class BatchNorm final : public BatchNormOp {
 public:
  explicit BatchNorm(const BatchNormShape& shape);
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override;
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override;
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override;

 private:
  /// Adds up the tiles' sums of one channel in double.
  double total(const std::vector<float>& partial, std::int64_t channel) const;
  void normalise(const float* x, const float* mean, const float* beta, float* y);

  BatchNormShape shape_;
  std::int64_t row_tiles_, channel_tiles_;
  std::vector<float> partial1_, partial2_;       // [row_tiles, channels]
  std::vector<float> scale_, mean_g_, mean_gx_;  // [channels]
};

}  // namespace dcgan::cpu
