// Walks a preset's layers as Sequential does when it is built.
#include "bench/preset_cases.h"

#include <algorithm>
#include <functional>

#include "models/models.h"
#include "ops/adam_case.h"
#include "ops/batch_norm_case.h"
#include "ops/conv_case.h"
#include "ops/dense_case.h"
#include "ops/epilogue_case.h"
#include "ops/loss_case.h"
#include "ops/random_case.h"

namespace dcgan::bench {
namespace {

constexpr RandomAddress address{1, 2, 3};

class Walk {
 public:
  Walk(std::vector<PresetCase>& cases, std::string where, const std::vector<LayerSpec>& layers,
       SampleShape input, std::int64_t batch)
      : cases_(cases), where_(std::move(where)), layers_(layers), shape_(input), batch_(batch) {
    for (at_ = 0; at_ < layers_.size(); ++at_) std::visit(*this, layers_[at_]);
  }
  std::int64_t parameters() const { return parameters_; }

  void operator()(const layer::Dense& l) {
    const DenseShape s{batch_, shape_.size(), l.units};
    const Epilogue e = epilogue(l.bias);
    add<test::DenseCase>(s, std::vector<test::Forward>{{e}});
    parameters_ += s.in * s.out + (l.bias ? s.out : 0);
    shape_ = {1, 1, l.units};
    add_epilogue(e);
  }
  void operator()(const layer::Conv2d& l) { convolution(test::ConvKind::conv2d, l); }
  void operator()(const layer::ConvTranspose2d& l) {
    convolution(test::ConvKind::conv_transpose2d, l);
  }
  void operator()(const layer::BatchNorm& l) {
    BatchNormShape s{batch_ * shape_.height * shape_.width, shape_.channels,
                     static_cast<float>(l.momentum), static_cast<float>(l.epsilon)};
    const Epilogue e = epilogue(false);
    s.activation = e.activation;
    s.slope = e.slope;
    add<test::BatchNormCase>(s);
    cases_.back().positions = shape_.height * shape_.width;
    parameters_ += 2 * s.channels;
  }
  void operator()(const layer::Dropout& l) {
    add<test::KeepMaskCase>(address, static_cast<float>(l.rate), batch_ * shape_.size());
  }
  void operator()(const layer::Reshape& l) { shape_ = l.shape; }
  void operator()(const layer::LeakyReLU&) {}
  void operator()(const layer::Tanh&) {}

 private:
  template <class C, class... Arguments>
  void add(Arguments... arguments) {
    cases_.push_back({where_, std::make_shared<C>(arguments...)});
  }

  template <class Layer>
  void convolution(test::ConvKind kind, const Layer& l) {
    const ConvShape s{batch_,    shape_.height, shape_.width, shape_.channels,
                      l.filters, l.kernel,      l.stride};
    const Epilogue e = epilogue(l.bias);
    const auto op = std::make_shared<test::ConvCase>(kind, s, std::vector<test::Forward>{{e}});
    cases_.push_back({where_, op});
    parameters_ += s.kernel * s.kernel * s.in * s.out + (l.bias ? s.out : 0);
    shape_ = {op->out_height(), op->out_width(), l.filters};
    add_epilogue(e);
  }

  /// What follows the layer at hand up to the next that computes.
  Epilogue epilogue(bool bias) const {
    Epilogue e;
    e.bias = bias;
    for (std::size_t i = at_ + 1; i < layers_.size(); ++i) {
      if (const auto* leaky = std::get_if<layer::LeakyReLU>(&layers_[i])) {
        e.activation = Activation::leaky_relu;
        e.slope = static_cast<float>(leaky->slope);
      } else if (std::holds_alternative<layer::Tanh>(layers_[i])) {
        e.activation = Activation::tanh;
      } else if (const auto* dropout = std::get_if<layer::Dropout>(&layers_[i])) {
        e.dropout_rate = static_cast<float>(dropout->rate);
      } else {
        break;
      }
    }
    return e;
  }
  void add_epilogue(const Epilogue& e) {
    if (!e.does_something()) return;
    const std::int64_t pixels = shape_.height * shape_.width;
    add<test::EpilogueCase>(batch_ * pixels, shape_.channels, pixels, std::string("layer"),
                            std::vector<test::EpilogueVariant>{{e}});
  }

  std::vector<PresetCase>& cases_;
  std::string where_;
  const std::vector<LayerSpec>& layers_;
  SampleShape shape_;
  std::int64_t batch_;
  std::size_t at_ = 0;
  std::int64_t parameters_ = 0;
};

}  // namespace

std::vector<PresetCase> preset_cases(const std::string& preset, std::int64_t batch_size) {
  Config config = preset_config(preset);
  if (batch_size > 0) config.batch_size = batch_size;
  const GanSpec spec = gan_spec(config);
  const std::int64_t batch = config.batch_size;
  std::vector<PresetCase> cases;
  const Walk generator(cases, preset + "/generator", spec.generator, {1, 1, config.latent}, batch);
  const Walk discriminator(cases, preset + "/discriminator", spec.discriminator, spec.image,
                           2 * batch);
  const auto add = [&](std::shared_ptr<const test::Case> op) {
    cases.push_back({preset + "/step", std::move(op)});
  };
  add(std::make_shared<test::AdamCase>(config.generator, generator.parameters(), 1, 1));
  add(std::make_shared<test::AdamCase>(config.discriminator, discriminator.parameters(), 1, 1));
  add(std::make_shared<test::LossCase>(batch, test::smoothed_targets(config.label_smoothing),
                                       false));
  add(std::make_shared<test::NoiseCase>(address, batch * config.latent));
  constexpr std::int64_t images = 8192;
  add(std::make_shared<test::GatherCase>(images, spec.image.size(), 1000, batch));
  return cases;
}

std::optional<PeerOp> peer_op(const PresetCase& c, std::size_t pass) {
  auto direction = static_cast<Direction>(pass);
  if (const auto* dense = dynamic_cast<const test::DenseCase*>(c.op.get()))
    return DensePass{dense->shape(), direction};
  if (const auto* conv = dynamic_cast<const test::ConvCase*>(c.op.get())) {
    const ConvShape& s = conv->shape();
    if (conv->straight()) return ConvolutionPass{s, direction};
    if (direction != Direction::backward_weights)
      direction = direction == Direction::forward ? Direction::backward_data : Direction::forward;
    return ConvolutionPass{
        {s.batch, conv->out_height(), conv->out_width(), s.out, s.in, s.kernel, s.stride},
        direction};
  }
  if (const auto* norm = dynamic_cast<const test::BatchNormCase*>(c.op.get())) {
    const BatchNormShape& s = norm->shape();
    return BatchNormPass{s.rows / c.positions, c.positions, s.channels,
                         s.momentum,           s.epsilon,   static_cast<BatchNormPass::Kind>(pass)};
  }
  return std::nullopt;
}

std::vector<PresetPass> preset_passes(const std::string& preset, std::int64_t batch_size,
                                      std::size_t n) {
  constexpr double flops_per_byte = 20;
  std::vector<PresetPass> passes;
  std::vector<double> works;
  for (const PresetCase& c : preset_cases(preset, batch_size)) {
    std::size_t index = 0;
    for (const test::Pass& pass : c.op->passes()) {
      passes.push_back({c, index++, std::max(pass.flops, flops_per_byte * pass.bytes)});
      works.push_back(passes.back().work);
    }
  }
  if (n == 0 || n >= passes.size()) return passes;
  std::sort(works.begin(), works.end(), std::greater<>());
  std::vector<PresetPass> chosen;
  for (const PresetPass& p : passes)
    if (p.work >= works[n - 1] && chosen.size() < n) chosen.push_back(p);
  return chosen;
}

}  // namespace dcgan::bench
