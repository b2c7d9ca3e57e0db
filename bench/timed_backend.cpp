// The decorator: every op is one of the account's.
#include "bench/timed_backend.h"

#include <utility>

namespace dcgan::bench {
namespace {

class TimedLinear final : public LinearOp {
 public:
  TimedLinear(std::unique_ptr<LinearOp> op, Ledger& ledger, std::string name, double flops)
      : op_(std::move(op)), ledger_(ledger), name_(std::move(name)), flops_(flops) {}
  void forward(const float* x, const float* kernel, const float* bias, const std::uint8_t* keep,
               float* y) override {
    ledger_.run(name_ + " forward", flops_, [&] { op_->forward(x, kernel, bias, keep, y); });
  }
  void backward_data(const float* dz, const float* kernel, float* dx) override {
    ledger_.run(name_ + " backward-data", flops_, [&] { op_->backward_data(dz, kernel, dx); });
  }
  void backward_weights(const float* x, const float* dz, float* dkernel) override {
    ledger_.run(name_ + " backward-weights", flops_,
                [&] { op_->backward_weights(x, dz, dkernel); });
  }
  void backward(const float* x, const float* dz, const float* kernel, float* dx,
                float* dkernel) override {
    ledger_.run(name_ + " backward", 2 * flops_,
                [&] { op_->backward(x, dz, kernel, dx, dkernel); });
  }

 private:
  std::unique_ptr<LinearOp> op_;
  Ledger& ledger_;
  std::string name_;
  double flops_;
};

class TimedBatchNorm final : public BatchNormOp {
 public:
  TimedBatchNorm(std::unique_ptr<BatchNormOp> op, Ledger& ledger, std::string name)
      : op_(std::move(op)), ledger_(ledger), name_(std::move(name)) {}
  void forward_training(const float* x, const BatchNormParameters& p, float* mean, float* inv_std,
                        float* y) override {
    ledger_.run(name_ + " forward", 0, [&] { op_->forward_training(x, p, mean, inv_std, y); });
  }
  void forward_inference(const float* x, const BatchNormParameters& p, float* y) override {
    ledger_.run(name_ + " inference", 0, [&] { op_->forward_inference(x, p, y); });
  }
  void backward(const float* x, const float* y, const float* dy, const BatchNormParameters& p,
                const float* mean, const float* inv_std, float* dx, float* dgamma,
                float* dbeta) override {
    ledger_.run(name_ + " backward", 0,
                [&] { op_->backward(x, y, dy, p, mean, inv_std, dx, dgamma, dbeta); });
  }

 private:
  std::unique_ptr<BatchNormOp> op_;
  Ledger& ledger_;
  std::string name_;
};

std::string text(std::int64_t n) { return std::to_string(n); }

/// Multiply-adds of the direct form, times two; `positions` of the smaller of the two images.
double conv_flops(const ConvShape& s, std::int64_t positions) {
  return 2.0 * static_cast<double>(s.batch * positions * s.kernel * s.kernel * s.in * s.out);
}

std::string conv_name(const char* kind, const ConvShape& s) {
  return std::string(kind) + " " + text(s.in) + "->" + text(s.out) + " " + text(s.height) + "x" +
         text(s.width) + " /" + text(s.stride);
}

class TimedBackend final : public Backend {
 public:
  TimedBackend(Backend& inner, Ledger& ledger) : inner_(inner), ledger_(ledger) {}

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
    ledger_.run("copy", 0, [&] { inner_.copy(destination, source, bytes); });
  }
  void synchronise() override { inner_.synchronise(); }
  std::unique_ptr<Timeline> timeline() override { return inner_.timeline(); }

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return std::make_unique<TimedLinear>(inner_.dense(s, e), ledger_,
                                         "dense " + text(s.in) + "->" + text(s.out),
                                         2.0 * static_cast<double>(s.batch * s.in * s.out));
  }
  std::unique_ptr<LinearOp> conv2d(const ConvShape& s, const Epilogue& e) override {
    const std::int64_t rows = (s.height + s.stride - 1) / s.stride;
    const std::int64_t columns = (s.width + s.stride - 1) / s.stride;
    return std::make_unique<TimedLinear>(inner_.conv2d(s, e), ledger_, conv_name("conv", s),
                                         conv_flops(s, rows * columns));
  }
  std::unique_ptr<LinearOp> conv_transpose2d(const ConvShape& s, const Epilogue& e) override {
    return std::make_unique<TimedLinear>(inner_.conv_transpose2d(s, e), ledger_,
                                         conv_name("conv_transpose", s),
                                         conv_flops(s, s.height * s.width));
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return std::make_unique<TimedBatchNorm>(inner_.batch_norm(s), ledger_,
                                            "batch_norm " + text(s.channels));
  }

  void epilogue_forward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                        const float* bias, const std::uint8_t* keep, float* y) override {
    ledger_.run("epilogue forward", 0,
                [&] { inner_.epilogue_forward(e, rows, channels, bias, keep, y); });
  }
  void epilogue_backward(const Epilogue& e, std::int64_t rows, std::int64_t channels,
                         const float* y, const std::uint8_t* keep, const float* sample_scale,
                         std::int64_t sample_size, float* dy, float* dbias) override {
    ledger_.run("epilogue backward", 0, [&] {
      inner_.epilogue_backward(e, rows, channels, y, keep, sample_scale, sample_size, dy, dbias);
    });
  }
  void gan_loss(const GanLoss& loss) override {
    ledger_.run("loss", 0, [&] { inner_.gan_loss(loss); });
  }
  void adam(const AdamConfig& config, std::int64_t t, std::int64_t n, const float* gradient,
            float* m, float* v, float* parameter) override {
    ledger_.run("adam", 0, [&] { inner_.adam(config, t, n, gradient, m, v, parameter); });
  }
  void draw_normal(const RandomAddress& address, std::int64_t n, float* out) override {
    ledger_.run("noise", 0, [&] { inner_.draw_normal(address, n, out); });
  }
  void draw_keep_mask(const RandomAddress& address, float dropout_rate, std::int64_t n,
                      std::uint8_t* out) override {
    ledger_.run("dropout masks", 0, [&] { inner_.draw_keep_mask(address, dropout_rate, n, out); });
  }
  void gather(const GatherBatch& batch, float* out) override {
    ledger_.run("gather", 0, [&] { inner_.gather(batch, out); });
  }

 private:
  Backend& inner_;
  Ledger& ledger_;
};

}  // namespace

const Account& Ledger::settle() {
  for (const Span& span : spans_) span.cost->seconds += timeline_->seconds(span.from, span.to);
  spans_.clear();
  timeline_->clear();
  return account_;
}

void Ledger::clear() {
  spans_.clear();
  timeline_->clear();
  account_.clear();
}

std::unique_ptr<Backend> make_timed_backend(Backend& inner, Ledger& ledger) {
  return std::make_unique<TimedBackend>(inner, ledger);
}

}  // namespace dcgan::bench
