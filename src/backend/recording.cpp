#include "backend/recording.h"

#include <utility>

#include "backend/immediate.h"

namespace dcgan {
namespace {

class RecordedLinear final : public LinearOp {
 public:
  /// describe(direction, masked): the layer's op.
  using Describe = std::function<Op(Direction, bool masked)>;
  RecordedLinear(std::unique_ptr<LinearOp> op, const OpObserver& observer, Describe describe)
      : op_(std::move(op)), observer_(observer), describe_(std::move(describe)) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    observer_(describe_(Direction::forward, keep != nullptr),
              [&] { op_->forward(x, kernel, bias, keep, y); });
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    observer_(describe_(Direction::backward_data, false),
              [&] { op_->backward_data(dz, kernel, dx); });
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    observer_(describe_(Direction::backward_weights, false),
              [&] { op_->backward_weights(x, dz, dkernel); });
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    observer_(describe_(Direction::backward, false),
              [&] { op_->backward(x, dz, kernel, dx, dkernel); });
  }
  int weight_parts() const override { return op_->weight_parts(); }
  const float* backward_weights_in_parts(const float* x, const float* dz) override {
    const float* parts = nullptr;
    observer_(describe_(Direction::backward_weights, false),
              [&] { parts = op_->backward_weights_in_parts(x, dz); });
    return parts;
  }
  bool goes_through(const EpilogueBackward& before) const override {
    return op_->goes_through(before);
  }
  void backward_data_through(const float* dz, const float* kernel,
                             const EpilogueBackward& before) override {
    observer_(through(describe_(Direction::backward_data, false), before),
              [&] { op_->backward_data_through(dz, kernel, before); });
  }
  bool makes_statistics(const BatchNormShape& after) const override {
    return op_->makes_statistics(after);
  }
  void forward_with_statistics(const float* x, const float* kernel, const float* bias, float* y,
                               const BatchNormStatistics& after) override {
    observer_(describe_(Direction::forward, false),
              [&] { op_->forward_with_statistics(x, kernel, bias, y, after); });
  }
  bool makes_sums(const BatchNormShape& before) const override { return op_->makes_sums(before); }
  void backward_data_with_sums(const float* dz, const float* kernel,
                               const BatchNormSums& before) override {
    observer_(with_sums(describe_(Direction::backward_data, false), before.shape),
              [&] { op_->backward_data_with_sums(dz, kernel, before); });
  }

 private:
  std::unique_ptr<LinearOp> op_;
  const OpObserver& observer_;
  Describe describe_;
};

class RecordedBatchNorm final : public BatchNormOp {
 public:
  RecordedBatchNorm(std::unique_ptr<BatchNormOp> op, const OpObserver& observer,
                    const BatchNormShape& shape)
      : op_(std::move(op)), observer_(observer), shape_(shape) {}
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    observer_(describe(shape_, Direction::forward),
              [&] { op_->forward_training(x, p, mean, inv_std, y); });
  }
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    observer_(describe(shape_, Direction::inference), [&] { op_->forward_inference(x, p, y); });
  }
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    observer_(describe(shape_, Direction::backward),
              [&] { op_->backward(x, y, dy, p, mean, inv_std, dx, dgamma, dbeta); });
  }
  void normalise(const float* x, const BatchNormParameters& p, const float* mean,
                 const float* inv_std, float* y) override {
    observer_(describe(shape_, Direction::forward),
              [&] { op_->normalise(x, p, mean, inv_std, y); });
  }
  void backward_from_sums(const BatchNormSums& of, const float* gamma, float* dx) override {
    observer_(describe(shape_, Direction::backward),
              [&] { op_->backward_from_sums(of, gamma, dx); });
  }

 private:
  std::unique_ptr<BatchNormOp> op_;
  const OpObserver& observer_;
  BatchNormShape shape_;
};

class RecordingBackend final : public Backend {
 public:
  RecordingBackend(Backend& inner, OpObserver observer)
      : inner_(inner), observer_(std::move(observer)) {}

  std::string name() const override { return inner_.name(); }
  std::string description() const override { return inner_.description(); }
  void* native_stream() const override { return inner_.native_stream(); }
  Buffer allocate(std::size_t bytes) override { return inner_.allocate(bytes); }
  void upload(void* device, const void* host, std::size_t bytes) override {
    inner_.upload(device, host, bytes);
  }
  void download(void* host, const void* device, std::size_t bytes) override {
    inner_.download(host, device, bytes);
  }
  void copy(void* destination, const void* source, std::size_t bytes) override {
    observer_(describe_copy(bytes), [&] { inner_.copy(destination, source, bytes); });
  }
  void synchronise() override { inner_.synchronise(); }
  std::unique_ptr<Timeline> timeline() override { return inner_.timeline(); }
  bool asynchronous() const override { return inner_.asynchronous(); }
  /// A device by itself would show the observer nothing.
  std::unique_ptr<RepeatedCalls> repeated_calls() override { return make_immediate_calls(); }
  std::unique_ptr<PendingDownload> pending_download(std::size_t most_bytes) override {
    return inner_.pending_download(most_bytes);
  }

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return linear(inner_.dense(s, e), s);
  }
  std::unique_ptr<LinearOp> convolution(const ConvShape& s, const Epilogue& e) override {
    return linear(inner_.convolution(s, e), s);
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return std::make_unique<RecordedBatchNorm>(inner_.batch_norm(s), observer_, s);
  }

  void epilogue_forward(const EpilogueForward& call) override {
    record(call, &Backend::epilogue_forward);
  }
  void epilogue_backward(const EpilogueBackward& call) override {
    record(call, &Backend::epilogue_backward);
  }
  void gan_loss(const GanLoss& call) override { record(call, &Backend::gan_loss); }
  void softmax_loss(const SoftmaxLoss& call) override { record(call, &Backend::softmax_loss); }
  void adam(const AdamStep& call) override { record(call, &Backend::adam); }
  void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks) override {
    observer_(describe(normal, masks), [&] { inner_.draw(normal, masks); });
  }
  void gather(const Gather& call) override { record(call, &Backend::gather); }
  void weighted_sum(const WeightedSum& call) override { record(call, &Backend::weighted_sum); }
  void end_step(const EndStep& call) override { record(call, &Backend::end_step); }

 private:
  template <class Shape>
  std::unique_ptr<LinearOp> linear(std::unique_ptr<LinearOp> op, const Shape& shape) {
    return std::make_unique<RecordedLinear>(
        std::move(op), observer_,
        [shape](Direction direction, bool masked) { return describe(shape, direction, masked); });
  }
  template <class Call>
  void record(const Call& call, void (Backend::*op)(const Call&)) {
    observer_(describe(call), [&] { (inner_.*op)(call); });
  }

  Backend& inner_;
  OpObserver observer_;  // outlives the layers, as a backend does
};

}  // namespace

std::unique_ptr<Backend> make_recording_backend(Backend& inner, OpObserver observer) {
  return std::make_unique<RecordingBackend>(inner, std::move(observer));
}

}  // namespace dcgan
