// The decorator: every op is waited for.
#include "backend/op_recorder.h"

#include <utility>

namespace dcgan {
namespace {

using Json = nlohmann::ordered_json;

/// Hands ops to the observer.
class Recorder {
 public:
  Recorder(Backend& inner, OpObserver observer) : inner_(inner), observer_(std::move(observer)) {}

  template <class Call>
  void record(Json op, const Call& call) {
    observer_(op, [&] {
      call();
      inner_.synchronise();
    });
  }

 private:
  Backend& inner_;
  OpObserver observer_;
};

Json with_pass(Json op, const char* pass) {
  op["pass"] = pass;
  return op;
}

/// backward() is the interface's own: both passes, each recorded.
class RecordedLinear final : public LinearOp {
 public:
  RecordedLinear(std::unique_ptr<LinearOp> op, std::shared_ptr<Recorder> recorder, Json shape)
      : op_(std::move(op)), recorder_(std::move(recorder)), shape_(std::move(shape)) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    recorder_->record(with_pass(shape_, "forward"),
                      [&] { op_->forward(x, kernel, bias, keep, y); });
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    recorder_->record(with_pass(shape_, "backward_data"),
                      [&] { op_->backward_data(dz, kernel, dx); });
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    recorder_->record(with_pass(shape_, "backward_weights"),
                      [&] { op_->backward_weights(x, dz, dkernel); });
  }

 private:
  std::unique_ptr<LinearOp> op_;
  std::shared_ptr<Recorder> recorder_;
  Json shape_;
};

class RecordedBatchNorm final : public BatchNormOp {
 public:
  RecordedBatchNorm(std::unique_ptr<BatchNormOp> op, std::shared_ptr<Recorder> recorder, Json shape)
      : op_(std::move(op)), recorder_(std::move(recorder)), shape_(std::move(shape)) {}
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    recorder_->record(with_pass(shape_, "forward"),
                      [&] { op_->forward_training(x, p, mean, inv_std, y); });
  }
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    recorder_->record(with_pass(shape_, "inference"), [&] { op_->forward_inference(x, p, y); });
  }
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    recorder_->record(with_pass(shape_, "backward"),
                      [&] { op_->backward(x, y, dy, p, mean, inv_std, dx, dgamma, dbeta); });
  }

 private:
  std::unique_ptr<BatchNormOp> op_;
  std::shared_ptr<Recorder> recorder_;
  Json shape_;
};

Json conv_shape(const char* op, const ConvShape& s) {
  return {{"op", op},   {"batch", s.batch}, {"height", s.height}, {"width", s.width},
          {"in", s.in}, {"out", s.out},     {"kernel", s.kernel}, {"stride", s.stride}};
}

Json epilogue_shape(const char* pass, const Epilogue& e, std::int64_t rows, std::int64_t channels) {
  return {{"op", "epilogue"},
          {"pass", pass},
          {"rows", rows},
          {"channels", channels},
          {"activation", e.activation != Activation::none},
          {"dropout", e.dropout_rate > 0}};
}

class OpRecorder final : public Backend {
 public:
  OpRecorder(Backend& inner, OpObserver observer)
      : inner_(inner), recorder_(std::make_shared<Recorder>(inner, std::move(observer))) {}

  std::string name() const override { return inner_.name(); }
  std::string description() const override { return inner_.description(); }
  Buffer allocate(std::size_t bytes) override { return inner_.allocate(bytes); }
  void upload(void* device, const void* host, std::size_t bytes) override {
    inner_.upload(device, host, bytes);
  }
  void download(void* host, const void* device, std::size_t bytes) override {
    inner_.download(host, device, bytes);
  }
  void copy(void* destination, const void* source, std::size_t bytes) override {
    recorder_->record({{"op", "copy"}, {"bytes", bytes}},
                      [&] { inner_.copy(destination, source, bytes); });
  }
  void synchronise() override { inner_.synchronise(); }
  std::unique_ptr<Timeline> timeline() override { return inner_.timeline(); }

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return linear(inner_.dense(s, e),
                  {{"op", "dense"}, {"batch", s.batch}, {"in", s.in}, {"out", s.out}});
  }
  std::unique_ptr<LinearOp> conv2d(const ConvShape& s, const Epilogue& e) override {
    return linear(inner_.conv2d(s, e), conv_shape("conv2d", s));
  }
  std::unique_ptr<LinearOp> conv_transpose2d(const ConvShape& s, const Epilogue& e) override {
    return linear(inner_.conv_transpose2d(s, e), conv_shape("conv_transpose2d", s));
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return std::make_unique<RecordedBatchNorm>(
        inner_.batch_norm(s), recorder_,
        Json{{"op", "batch_norm"}, {"rows", s.rows}, {"channels", s.channels}});
  }

  void epilogue_forward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                        const float* bias, const std::uint8_t* keep, float* y) override {
    recorder_->record(epilogue_shape("forward", e, rows, channels),
                      [&] { inner_.epilogue_forward(e, rows, channels, bias, keep, y); });
  }
  void epilogue_backward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                         const float* y, const std::uint8_t* keep, const float* sample_scale,
                         std::int64_t sample_size, float* dy, float* dbias) override {
    recorder_->record(epilogue_shape("backward", e, rows, channels), [&] {
      inner_.epilogue_backward(e, rows, channels, y, keep, sample_scale, sample_size, dy, dbias);
    });
  }
  void gan_loss(const GanLoss& loss) override {
    recorder_->record({{"op", "loss"}, {"batch", loss.batch}}, [&] { inner_.gan_loss(loss); });
  }
  void adam(const AdamConfig& config, std::int64_t t, std::int64_t n, const float* gradient,
            float* m, float* v, float* parameter) override {
    recorder_->record({{"op", "adam"}, {"n", n}},
                      [&] { inner_.adam(config, t, n, gradient, m, v, parameter); });
  }
  void draw_normal(const RandomAddress& address, std::int64_t n, float* out) override {
    recorder_->record({{"op", "noise"}, {"n", n}}, [&] { inner_.draw_normal(address, n, out); });
  }
  void draw_keep_mask(const RandomAddress& address, float dropout_rate, std::int64_t n,
                      std::uint8_t* out) override {
    recorder_->record({{"op", "mask"}, {"n", n}},
                      [&] { inner_.draw_keep_mask(address, dropout_rate, n, out); });
  }
  void gather(const GatherBatch& batch, float* out) override {
    recorder_->record({{"op", "gather"}, {"batch", batch.batch}, {"image_size", batch.image_size}},
                      [&] { inner_.gather(batch, out); });
  }

 private:
  std::unique_ptr<LinearOp> linear(std::unique_ptr<LinearOp> op, Json shape) {
    return std::make_unique<RecordedLinear>(std::move(op), recorder_, std::move(shape));
  }
  Backend& inner_;
  std::shared_ptr<Recorder> recorder_;
};

}  // namespace

std::unique_ptr<Backend> make_op_recorder(Backend& inner, OpObserver observer) {
  return std::make_unique<OpRecorder>(inner, std::move(observer));
}

}  // namespace dcgan
