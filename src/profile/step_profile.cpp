#include "profile/step_profile.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "backend/recording.h"
#include "dcgan/error.h"
#include "simt/profile/profile.h"
#include "train/model.h"

namespace dcgan {
namespace {

using Json = nlohmann::ordered_json;

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
          {"function", k.function},
          {"bytes", k.work.bytes},
          {"fmas", k.work.fmas},
          {"slices", k.work.slices},
          {"instructions", k.work.instructions},
          {"double_instructions", k.work.double_instructions},
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

Json profile_step(const Config& config, const std::string& wanted, std::uint64_t most_blocks) {
  Profiling profiling;
  Config checked = config;
  checked.backend = "simt-check";
  const std::unique_ptr<Backend> simt = make_backend(checked);
  Json ops = Json::array();
  std::set<std::string> names;
  bool stepping = false;
  const std::unique_ptr<Backend> backend =
      make_recording_backend(*simt, [&](const Op& op, const std::function<void()>& call) {
        const auto run = [&] {
          call();
          simt->synchronise();  // profiles begin and end while the machine is idle
        };
        if (!stepping) return run();
        names.insert(op.name);
        if (!wanted.empty() && op.name != wanted) return run();
        Json json = to_json(op);
        json["kernels"] = profiling.kernels_of(most_blocks, run);
        ops.push_back(json);
      });
  const std::unique_ptr<Model> model = make_model(*backend, config);
  const std::int64_t rows = config.batch_size, image_size = image_shape(config).size();
  const Buffer pixels = simt->allocate(static_cast<std::size_t>(rows * image_size)),
               labels = simt->allocate(static_cast<std::size_t>(
                   rows * std::max<std::int64_t>(1, config.classes)));  // a row for each image
  stepping = true;
  model->train_step({pixels.u8(), rows, 0, 0, rows, 0, labels.u8()}, 0);
  if (ops.empty()) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw UsageError("a step of " + config.preset + " has no op '" + wanted + "'; it has " + list);
  }
  return {{"preset", config.preset},
          {"precision", config.precision},
          {"batch_size", rows},
          {"most_blocks", most_blocks},
          {"ops", ops}};
}

}  // namespace dcgan
