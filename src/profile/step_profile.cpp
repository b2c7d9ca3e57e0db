#include "profile/step_profile.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "backend/op_recorder.h"
#include "dcgan/error.h"
#include "simt/profile/profile.h"
#include "train/gan.h"

namespace dcgan {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t integer(const Json& op, const char* key) { return op.at(key).get<std::int64_t>(); }

/// Pairs of an output position and a tap that meet inside the image, along one axis of the
/// convolution from `in` positions.
std::int64_t meetings(std::int64_t in, std::int64_t size, std::int64_t stride) {
  const std::int64_t out = (in + stride - 1) / stride;
  const std::int64_t pad = std::max<std::int64_t>((out - 1) * stride + size - in, 0) / 2;
  std::int64_t count = 0;
  for (std::int64_t o = 0; o < out; ++o)
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t i = o * stride + k - pad;
      count += i >= 0 && i < in;
    }
  return count;
}

double conv_flops(const Json& op) {
  const std::int64_t stride = integer(op, "stride");
  // A transposed convolution is the adjoint of the one from its larger image.
  const std::int64_t grown = op.at("op") == "conv_transpose2d" ? stride : 1;
  const std::int64_t pairs =
      meetings(integer(op, "height") * grown, integer(op, "kernel"), stride) *
      meetings(integer(op, "width") * grown, integer(op, "kernel"), stride);
  return 2.0 *
         static_cast<double>(integer(op, "batch") * pairs * integer(op, "in") * integer(op, "out"));
}

std::string label(const Json& op) {
  std::string text = op.at("op").get<std::string>();
  if (op.contains("pass")) text += " " + op.at("pass").get<std::string>();
  const auto number = [&](const char* key) { return std::to_string(integer(op, key)); };
  if (op.contains("height"))
    return text + " " + number("height") + "x" + number("width") + "x" + number("in") + " to " +
           number("out") + ", stride " + number("stride");
  if (op.contains("in")) return text + " " + number("in") + " to " + number("out");
  if (op.contains("rows")) return text + " " + number("rows") + " x " + number("channels");
  if (op.contains("n")) return text + " " + number("n");
  if (op.contains("batch")) return text + " " + number("batch");
  return text;
}

Json line_json(const simt::profile::LineProfile& line, double scale) {
  const auto scaled = [&](std::uint64_t n) { return std::llround(static_cast<double>(n) * scale); };
  const simt::profile::Counts& c = line.counts;
  const bool global = line.space == simt::profile::Space::global;
  Json json{{"line", line.line},
            {"access", line.write ? "store" : "load"},
            {"space", global ? "global" : "shared"},
            {"width_bytes", line.width_bytes},
            {"requests", scaled(c.requests)},
            {"lanes", scaled(c.lanes)},
            {"bytes", scaled(c.bytes)}};
  if (global) {
    json["sectors"] = scaled(c.sectors);
    json["ideal_sectors"] = scaled(c.ideal_sectors);
  } else {
    json["wavefronts"] = scaled(c.wavefronts);
    json["ideal_wavefronts"] = scaled(c.ideal_wavefronts);
    json["ways"] = c.most_ways;
  }
  return json;
}

Json kernel_json(const simt::profile::KernelProfile& k) {
  Json lines = Json::array();
  for (const simt::profile::LineProfile& line : k.lines)
    lines.push_back(line_json(line, k.scale()));
  return {{"name", k.kernel},
          {"grid", {k.grid.x, k.grid.y, k.grid.z}},
          {"block", {k.block.x, k.block.y, k.block.z}},
          {"dynamic_shared_bytes", k.dynamic_shared_bytes},
          {"blocks", k.blocks},
          {"sampled_blocks", k.sampled_blocks},
          {"lines", lines}};
}

/// Profile mode, for as long as it lives.
class Profiling {
 public:
  /// The kernels of one op, for which `run` is called.
  template <class Run>
  Json kernels_of(std::uint64_t most_blocks, const Run& run) {
    Json kernels = Json::array();
    simt::profile::begin(most_blocks, [&](const simt::profile::KernelProfile& k) {
      kernels.push_back(kernel_json(k));
    });
    run();
    skip();
    return kernels;
  }
  Profiling() { skip(); }
  ~Profiling() { simt::profile::end(); }
  Profiling(const Profiling&) = delete;
  Profiling& operator=(const Profiling&) = delete;

 private:
  static void skip() {
    simt::profile::begin(0, [](const simt::profile::KernelProfile&) {});
  }
};

}  // namespace

double op_flops(const Json& op) {
  const std::string name = op.at("op");
  if (name == "dense")
    return 2.0 * static_cast<double>(integer(op, "batch") * integer(op, "in") * integer(op, "out"));
  if (name == "conv2d" || name == "conv_transpose2d") return conv_flops(op);
  const auto each = [&](double flops, const char* rows, const char* columns) {
    return flops * static_cast<double>(integer(op, rows)) *
           static_cast<double>(columns ? integer(op, columns) : 1);
  };
  if (name == "batch_norm")
    return each(op.at("pass") == "backward"  ? 13
                : op.at("pass") == "forward" ? 8
                                             : 4,
                "rows", "channels");
  if (name == "epilogue") return each(op.at("pass") == "backward" ? 4 : 3, "rows", "channels");
  if (name == "adam") return each(12, "n", nullptr);
  if (name == "gather") return each(2, "batch", "image_size");
  if (name == "loss") return each(100, "batch", nullptr);
  if (name == "noise") return each(40, "n", nullptr);
  if (name == "mask") return each(10, "n", nullptr);
  return 0;  // a copy
}

Json profile_step(const Config& config, const std::string& wanted, std::uint64_t most_blocks) {
  Profiling profiling;
  const std::unique_ptr<Backend> simt = make_backend("simt-check", 0);
  Json ops = Json::array();
  std::set<std::string> names;
  bool stepping = false;
  const std::unique_ptr<Backend> backend =
      make_op_recorder(*simt, [&](const Json& op, const std::function<void()>& run) {
        const std::string name = op.at("op");
        if (!stepping) return run();
        names.insert(name);
        if (!wanted.empty() && name != wanted) return run();
        const Json kernels = profiling.kernels_of(most_blocks, run);
        ops.push_back(
            {{"op", op}, {"label", label(op)}, {"flops", op_flops(op)}, {"kernels", kernels}});
      });
  Gan gan(*backend, config);
  const std::int64_t rows = config.batch_size, image_size = gan.spec().image.size();
  const Buffer pixels = simt->allocate(static_cast<std::size_t>(rows * image_size));
  stepping = true;
  backend->gather(
      {pixels.u8(), rows, image_size, {config.seed, random_stream::shuffle, 0}, 0, rows},
      gan.real_images());
  backend->draw_normal({config.seed, random_stream::noise, 0}, rows * config.latent, gan.noise());
  gan.train_step(rows, 0);
  if (ops.empty()) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw UsageError("a step of " + config.preset + " has no op '" + wanted + "'; it has " + list);
  }
  return {
      {"preset", config.preset}, {"batch_size", rows}, {"most_blocks", most_blocks}, {"ops", ops}};
}

}  // namespace dcgan
