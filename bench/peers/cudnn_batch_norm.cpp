// cuDNN's batch norm, without the activation: its fused ones have no LeakyReLU. Both layouts and
// every mode that means the same: spatial, persistent or not, and where an image is one position
// (behind a dense layer) per activation too.
#include <algorithm>

#include "bench/peers/cuda_peer.h"

namespace dcgan::bench {
namespace {

constexpr auto ops = CUDNN_BATCHNORM_OPS_BN;

struct Operands {
  explicit Operands(const BatchNormPass& p)
      : x(p.images * p.positions * p.channels),
        y(p.images * p.positions * p.channels),
        dx(p.images * p.positions * p.channels),
        gamma(p.channels),
        beta(p.channels),
        moving_mean(p.channels),
        moving_variance(p.channels),
        mean(p.channels),
        inv_std(p.channels),
        dgamma(p.channels),
        dbeta(p.channels) {
    check(cudaMemset(moving_variance.get(), 0, moving_variance.bytes()));  // none negative
  }
  Floats x, y, dx, gamma, beta, moving_mean, moving_variance, mean, inv_std, dgamma, dbeta;
};

/// One mode in one layout, by the functions that PyTorch calls.
class BatchNorm {
 public:
  BatchNorm(const CudaContext& context, const BatchNormPass& pass, cudnnBatchNormMode_t mode,
            cudnnTensorFormat_t layout, std::shared_ptr<const Operands> operands)
      : context_(context), pass_(pass), mode_(mode), o_(std::move(operands)) {
    check(cudnnSetTensor4dDescriptor(x_is_, layout, CUDNN_DATA_FLOAT, narrow(pass.images),
                                     narrow(pass.channels), narrow(pass.positions), 1));
    check(cudnnDeriveBNTensorDescriptor(parameters_are_, x_is_, mode));
    if (pass.direction == Direction::inference) return;
    check(cudnnGetBatchNormalizationTrainingExReserveSpaceSize(context.cudnn, mode, ops, nullptr,
                                                               x_is_, &reserved_bytes_));
    reserved_ = std::make_unique<Floats>(static_cast<std::int64_t>(reserved_bytes_ / 4 + 1));
    std::size_t forward = 0, backward = 0;
    check(cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(
        context.cudnn, mode, ops, x_is_, nullptr, x_is_, parameters_are_, nullptr, &forward));
    check(cudnnGetBatchNormalizationBackwardExWorkspaceSize(context.cudnn, mode, ops, x_is_, x_is_,
                                                            x_is_, nullptr, x_is_, parameters_are_,
                                                            nullptr, &backward));
    if (std::max(forward, backward) > CudaContext::workspace_bytes)
      throw Error("cuDNN: the workspace is too small");
    training();  // the backward pass needs its statistics
  }
  void run() const {
    if (pass_.direction == Direction::inference)
      inference();
    else if (pass_.direction == Direction::forward)
      training();
    else
      backward();
  }

 private:
  void inference() const {
    check(cudnnBatchNormalizationForwardInference(
        context_.cudnn, mode_, &one, &zero, x_is_, o_->x.get(), x_is_, o_->y.get(), parameters_are_,
        o_->gamma.get(), o_->beta.get(), o_->moving_mean.get(), o_->moving_variance.get(),
        epsilon()));
  }
  void training() const {
    check(cudnnBatchNormalizationForwardTrainingEx(
        context_.cudnn, mode_, ops, &one, &zero, x_is_, o_->x.get(), nullptr, nullptr, x_is_,
        o_->y.get(), parameters_are_, o_->gamma.get(), o_->beta.get(),
        1 - static_cast<double>(pass_.momentum), o_->moving_mean.get(), o_->moving_variance.get(),
        epsilon(), o_->mean.get(), o_->inv_std.get(), nullptr, context_.workspace,
        CudaContext::workspace_bytes, reserved_->get(), reserved_bytes_));
  }
  void backward() const {  // y, of any values, is its gradient
    check(cudnnBatchNormalizationBackwardEx(
        context_.cudnn, mode_, ops, &one, &zero, &one, &zero, x_is_, o_->x.get(), nullptr, nullptr,
        x_is_, o_->y.get(), nullptr, nullptr, x_is_, o_->dx.get(), parameters_are_, o_->gamma.get(),
        nullptr, o_->dgamma.get(), o_->dbeta.get(), epsilon(), o_->mean.get(), o_->inv_std.get(),
        nullptr, context_.workspace, CudaContext::workspace_bytes, reserved_->get(),
        reserved_bytes_));
  }
  double epsilon() const {
    return std::max(static_cast<double>(pass_.epsilon), CUDNN_BN_MIN_EPSILON);
  }

  const CudaContext& context_;
  BatchNormPass pass_;
  cudnnBatchNormMode_t mode_;
  std::shared_ptr<const Operands> o_;
  Tensor x_is_, parameters_are_;
  std::unique_ptr<Floats> reserved_;
  std::size_t reserved_bytes_ = 0;
};

}  // namespace

std::vector<Way> cudnn_ways(const CudaContext& context, const BatchNormPass& pass) {
  std::vector<std::pair<cudnnBatchNormMode_t, std::string>> modes{
      {CUDNN_BATCHNORM_SPATIAL, "spatial"}};
  if (pass.direction != Direction::inference)  // where it is the same as spatial
    modes.emplace_back(CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "spatial, persistent");
  if (pass.positions == 1) modes.emplace_back(CUDNN_BATCHNORM_PER_ACTIVATION, "per activation");
  const auto operands = std::make_shared<const Operands>(pass);
  std::vector<Way> ways;
  for (const auto& [mode, name] : modes)
    for (const auto& [layout, suffix] : layouts)
      ways.push_back(
          {name + suffix, [&context, pass, by = mode, in = layout, operands]() -> Way::Run {
             const auto norm = std::make_shared<const BatchNorm>(context, pass, by, in, operands);
             return [norm] { norm->run(); };
           }});
  return ways;
}

}  // namespace dcgan::bench
