// The ops of the nodes that a preset's networks are built of.
#include "bench/preset_cases.h"

#include <algorithm>
#include <functional>

#include "backend/recording.h"
#include "models/models.h"
#include "nn/network.h"
#include "ops/batch_norm_case.h"
#include "ops/conv_case.h"
#include "ops/dense_case.h"
#include "ops/epilogue_case.h"
#include "train/model.h"

namespace dcgan::bench {
namespace {

/// Of the passes of a layer's case with one forward pass, and of a batch norm's.
constexpr Direction layer_directions[] = {Direction::forward, Direction::backward_data,
                                          Direction::backward_weights};
constexpr Direction batch_norm_directions[] = {Direction::inference, Direction::forward,
                                               Direction::backward};

/// The layers' cases, with the epilogues that a step's calls do not tell.
void add_network(std::vector<PresetCase>& cases, const std::string& where,
                 const std::vector<LayerSpec>& layers, SampleShape input, std::int64_t batch) {
  const auto add = [&](std::shared_ptr<const test::Case> op, std::int64_t positions = 1) {
    cases.push_back({where, std::move(op), positions});
  };
  const Network network = build_network(where, layers, input);
  for (const Node& node : network.nodes) {
    const std::int64_t positions = node.out.height * node.out.width;
    const std::vector<test::Forward> forward{{node.epilogue}};
    switch (node.kind) {
      case Node::Kind::dense:
        add(std::make_shared<test::DenseCase>(node.dense(batch), forward));
        break;
      case Node::Kind::convolution:
        add(std::make_shared<test::ConvCase>(node.convolution(batch), forward));
        break;
      case Node::Kind::batch_norm:
        add(std::make_shared<test::BatchNormCase>(node.batch_norm(batch)), positions);
        continue;
      case Node::Kind::pointwise:
        break;
    }
    if (node.epilogue.does_something())
      add(std::make_shared<test::EpilogueCase>(
          node.rows(batch), node.out.channels, positions, "layer",
          std::vector<test::EpilogueVariant>{{node.epilogue}}));
  }
}

/// The ops that a step calls for, each shape once.
std::vector<Op> ops_of_step(const Config& config) {
  std::vector<Op> ops;
  const std::unique_ptr<Backend> cpu = make_backend("cpu");
  const std::unique_ptr<Backend> backend =
      make_recording_backend(*cpu, [&](const Op& op, const std::function<void()>& run) {
        const auto same = [&](const Op& other) { return other.label() == op.label(); };
        if (std::none_of(ops.begin(), ops.end(), same)) ops.push_back(op);
        run();
      });
  const std::unique_ptr<Model> model = make_model(*backend, config);
  const std::int64_t rows = config.batch_size;
  const Buffer pixels = cpu->allocate(static_cast<std::size_t>(rows * image_shape(config).size())),
               labels = cpu->allocate(static_cast<std::size_t>(
                   rows * std::max<std::int64_t>(1, config.classes)));  // a row for each image
  ops.clear();
  model->train_step({pixels.u8(), rows, 0, 0, rows, 0, labels.u8()}, 0);
  return ops;
}

}  // namespace

std::vector<PresetCase> preset_cases(const std::string& preset, std::int64_t batch_size) {
  Config config = preset_config(preset);
  if (batch_size > 0) config.batch_size = batch_size;
  std::vector<PresetCase> cases;
  for (const NetworkSpec& network : network_specs(config))
    add_network(cases, preset + "/" + network.name, network.layers, network.input,
                config.batch_size * network.rows_per_image);
  for (const Op& op : ops_of_step(config))
    for (const test::OpCases& known : test::op_cases())
      if (known.op == op.name && known.of) cases.push_back({preset + "/step", known.of(op)});
  return cases;
}

std::optional<PeerOp> peer_op(const PresetCase& c, std::size_t pass) {
  Direction direction = layer_directions[pass];
  if (const auto* dense = dynamic_cast<const test::DenseCase*>(c.op.get()))
    return DensePass{dense->shape(), direction};
  if (const auto* conv = dynamic_cast<const test::ConvCase*>(c.op.get())) {
    const ConvShape& s = conv->shape();
    if (s.transposed && direction != Direction::backward_weights)
      direction = direction == Direction::forward ? Direction::backward_data : Direction::forward;
    return ConvolutionPass{s.conv2d(), direction};
  }
  if (const auto* norm = dynamic_cast<const test::BatchNormCase*>(c.op.get())) {
    const BatchNormShape& s = norm->shape();
    return BatchNormPass{s.rows / c.positions, c.positions, s.channels,
                         s.momentum,           s.epsilon,   batch_norm_directions[pass]};
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
      passes.push_back({c, index++, std::max(pass.op.flops, flops_per_byte * pass.op.bytes)});
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
