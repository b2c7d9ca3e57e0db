// Lists the ops of one training step and the kernels that each of them launches, with grid and
// block, as the SIMT machine sees them: what tools/model reckons from.
// step_launches [--preset P]... [--batch-size N] --json FILE
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <vector>

#include "backend/op_recorder.h"
#include "bench/program.h"
#include "dcgan/error.h"
#include "models/models.h"
#include "simt/machine.h"
#include "train/gan.h"

namespace dcgan::bench {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const simt::dim3& d) { return Json::array({d.x, d.y, d.z}); }

/// A step as Trainer takes it; planning is done when the networks are built.
Json step_of(const std::string& preset, std::int64_t batch_size) {
  Config config = preset_config(preset);
  if (batch_size) config.batch_size = batch_size;
  Json ops = Json::array(), launches = Json::array();
  simt::on_launch([&](const simt::LaunchRecord& launch) {
    Json record;
    record["name"] = launch.kernel;
    record["grid"] = to_json(launch.grid);
    record["block"] = to_json(launch.block);
    record["dynamic_shared_bytes"] = launch.dynamic_shared_bytes;
    launches.push_back(std::move(record));
  });
  const std::unique_ptr<Backend> simt = make_backend("simt", 0);
  const std::unique_ptr<Backend> backend =
      make_op_recorder(*simt, [&](const Json& op, const std::function<void()>& run) {
        run();
        ops.push_back(op);
        ops.back()["launches"] = std::exchange(launches, Json::array());
      });
  Gan gan(*backend, config);
  const std::int64_t rows = config.batch_size, image_size = gan.spec().image.size();
  const Buffer pixels = simt->allocate(static_cast<std::size_t>(rows * image_size));
  ops.clear();
  launches.clear();
  backend->gather(
      {pixels.u8(), rows, image_size, {config.seed, random_stream::shuffle, 0}, 0, rows},
      gan.real_images());
  backend->draw_normal({config.seed, random_stream::noise, 0}, rows * config.latent, gan.noise());
  gan.train_step(rows, 0);
  simt::on_launch({});
  return {{"preset", preset}, {"batch_size", rows}, {"ops", ops}};
}

int run(int argc, char** argv) {
  std::vector<std::string> presets = preset_names();
  std::int64_t batch_size = 0;
  std::string json;
  CLI::App app{"Lists the kernels that a training step launches"};
  app.add_option("--preset", presets, "Presets (default: all)");
  app.add_option("--batch-size", batch_size, "Images per step (default: the preset's)");
  app.add_option("--json", json, "The file to write")->required();
  CLI11_PARSE(app, argc, argv);
  Json all = Json::array();
  for (const std::string& preset : presets) {
    all.push_back(step_of(preset, batch_size));
    std::printf("%s: %zu ops\n", preset.c_str(), all.back()["ops"].size());
    std::fflush(stdout);
  }
  std::ofstream file(json);
  file << all.dump(1) << "\n";
  if (!file.flush()) throw Error(json + ": cannot be written");
  return 0;
}

}  // namespace
}  // namespace dcgan::bench

int main(int argc, char** argv) {
  return dcgan::bench::run_program("step_launches", dcgan::bench::run, argc, argv);
}
