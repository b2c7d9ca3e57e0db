// dcgan_cuda replay: the parity check against Keras.
#include "train/replay.h"

#include <memory>

#include "cli/commands.h"

namespace dcgan::cli {
namespace {

struct ReplayOptions {
  std::string preset, backend = "auto", precision = "fp32";
  int threads = 0;
  ConfigOptions settings;
  ReplayFiles files;
};

}  // namespace

void add_replay(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("replay", "Run a parity tape: given images, noise and dropout masks");
  auto o = std::make_shared<ReplayOptions>();
  command->add_option("--preset", o->preset, "Preset of the tape")->required();
  command->add_option("--weights", o->files.weights, "Weights to start from")->required();
  command->add_option("--tape", o->files.tape, "Images, noise and masks of each step")->required();
  command->add_option("--out", o->files.result, "Losses, gradients, final weights")->required();
  command->add_option("--backend", o->backend, "auto, cuda, simt or cpu");
  command->add_option("--precision", o->precision, "fp32, tf32x3 or tf32");
  command->add_option("--threads", o->threads, "Threads of the cpu backend");
  o->settings.add_set(*command);
  command->callback([o, &status] {
    Config config = preset_config(o->preset);
    o->settings.apply(config);
    set(config, "backend", o->backend);
    set(config, "precision", o->precision);
    set(config, "threads", std::to_string(o->threads));
    replay(config, o->files);
    status = done;
  });
}

}  // namespace dcgan::cli
