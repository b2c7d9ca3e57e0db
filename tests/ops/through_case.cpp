#include "ops/through_case.h"

namespace dcgan::test {
namespace {

/// An epilogue of the layer before; scaled: the gradient of each of its rows gets a factor.
struct Before {
  Epilogue epilogue;
  bool scaled = false;
};

/// A bias alone has a gradient only.
const std::vector<Before>& befores() {
  static const std::vector<Before> all{{{true, Activation::leaky_relu, 0.3F, 0.3F}},
                                       {{true, Activation::tanh, 0, 0}, true},
                                       {{true, Activation::none, 0, 0}},
                                       {{false, Activation::leaky_relu, 0.2F, 0}},
                                       {{false, Activation::tanh, 0, 0}, true}};
  return all;
}

std::string name_of(const Before& b) {
  const Epilogue& e = b.epilogue;
  return std::string(e.bias ? " bias" : "") +
         (e.activation == Activation::leaky_relu ? " leaky"
          : e.activation == Activation::tanh     ? " tanh"
                                                 : "") +
         (e.dropout_rate > 0 ? " dropout" : "") + (b.scaled ? " scaled" : "");
}

struct Inputs {
  explicit Inputs(const ThroughCase& c)
      : kernel(normal_floats(c.layer().sizes().kernel, 1)),
        dz(normal_floats(c.layer().sizes().z, 2)),
        z(normal_floats(c.layer().sizes().x, 3)),
        bias(normal_floats(c.channels(), 4)),
        scale(normal_floats(c.rows(), 6)),
        keep(random_mask(c.layer().sizes().x, 5)) {
    for (const Before& b : befores()) {
      const auto result = ref::epilogue(b.epilogue, c.channels(), widened(z), widened(bias), keep);
      y.emplace_back(result.begin(), result.end());
    }
  }
  Floats kernel, dz, z, bias, scale;
  std::vector<std::uint8_t> keep;
  std::vector<Floats> y;  ///< what the layer before made of z, by epilogue
};

class ThroughRun final : public Run {
 public:
  ThroughRun(const ThroughCase& c, const Inputs& in, Backend& backend)
      : backend_(backend),
        op_(c.layer().plan(backend, {})),
        rows_(c.rows()),
        channels_(c.channels()),
        kernel_(backend, in.kernel),
        dz_(backend, in.dz),
        scale_(backend, in.scale),
        keep_(backend, in.keep) {
    for (std::size_t i = 0; i < befores().size(); ++i) {
      const Before& b = befores()[i];
      y_.push_back(std::make_unique<Input<float>>(backend, in.y[i]));
      dx_.push_back(std::make_unique<Output<float>>(backend, "dx" + name_of(b),
                                                    static_cast<std::int64_t>(in.z.size())));
      dbias_.push_back(std::make_unique<Output<float>>(backend, "dbias" + name_of(b),
                                                       b.epilogue.bias ? c.channels() : 0));
    }
  }
  void pass(std::size_t i) override {
    const auto& [e, scaled] = befores()[i];
    float* dx = dx_[i]->data();
    const EpilogueBackward before{e,
                                  rows_,
                                  channels_,
                                  y_[i]->data(),
                                  e.dropout_rate > 0 ? keep_.data() : nullptr,
                                  scaled ? scale_.data() : nullptr,
                                  scaled ? channels_ : 0,
                                  dx,
                                  e.bias ? dbias_[i]->data() : nullptr};
    if (op_->goes_through(before))
      return op_->backward_data_through(dz_.data(), kernel_.data(), before);
    op_->backward_data(dz_.data(), kernel_.data(), dx);
    backend_.epilogue_backward(before);
  }
  std::vector<Result> results() const override {
    std::vector<Result> all;
    for (std::size_t i = 0; i < dx_.size(); ++i) {
      all.push_back(dx_[i]->read());
      all.push_back(dbias_[i]->read());
    }
    return all;
  }

 private:
  Backend& backend_;
  std::unique_ptr<LinearOp> op_;
  std::int64_t rows_, channels_;
  Input<float> kernel_, dz_, scale_;
  Input<std::uint8_t> keep_;
  std::vector<std::unique_ptr<Input<float>>> y_;
  std::vector<std::unique_ptr<Output<float>>> dx_, dbias_;
};

}  // namespace

std::vector<Pass> ThroughCase::passes() const {
  std::vector<Pass> all;
  for (const Before& b : befores()) {
    const std::uint8_t some = 1;
    const Op op =
        through(layer_->describe(Direction::backward_data),
                {b.epilogue, rows(), channels_, nullptr, &some, nullptr, 0, nullptr, nullptr});
    all.push_back({"backward-data" + name_of(b), op, op.bytes});
  }
  return all;
}

std::unique_ptr<Run> ThroughCase::start(Backend& backend) const {
  return std::make_unique<ThroughRun>(*this, Inputs(*this), backend);
}

std::vector<Expected> ThroughCase::expected() const {
  const Inputs in(*this);
  const ref::Vector dy = layer_->backward_data(widened(in.dz), widened(in.kernel));
  // Of dx, whose factor is at most 1 / (1 - .3), and of what it is summed to.
  const double bound = 2 * sum_bound(layer_->terms().backward_data);
  std::vector<Expected> all;
  for (const Before& before : befores()) {
    const Epilogue& e = before.epilogue;
    ref::Vector scaled = dy;
    if (before.scaled)
      for (std::size_t i = 0; i < scaled.size(); ++i)
        scaled[i] *= static_cast<double>(in.scale[i / static_cast<std::size_t>(channels_)]);
    const auto b =
        ref::epilogue_backward(e, channels_, widened(in.z), widened(in.bias),
                               e.dropout_rate > 0 ? in.keep : std::vector<std::uint8_t>(), scaled);
    all.push_back(near("dx" + name_of(before), b.dz, bound));
    all.push_back(near("dbias" + name_of(before), e.bias ? b.dbias : std::vector<double>(),
                       bound + sum_bound(rows())));
  }
  return all;
}

}  // namespace dcgan::test
