// dcgan_cuda info: the build, backends and presets; or what a checkpoint holds.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/measures_text.h"
#include "cli/messages.h"
#include "dcgan/error.h"
#include "models/models.h"
#include "nn/sequential.h"
#include "train/checkpoint.h"

namespace dcgan::cli {
namespace {

void print_network(const NetworkSpec& network) {
  const NetworkSize size = Sequential::size_of(network.layers, network.input, 1);
  say("  {}: {} parameters", network.name, size.parameters);
  if (size.moving_statistics) say(" (+{} moving)", size.moving_statistics);
  say("\n");
  for (const LayerSpec& layer : network.layers) say("    {}\n", to_string(layer));
}

std::string describe(const BackendStatus& backend) {
  if (!backend.why_unavailable.empty()) return "not usable: " + backend.why_unavailable;
  try {
    return make_backend(backend.name)->description();
  } catch (const Error& e) {
    return std::string("not usable: ") + e.what();
  }
}

void describe_program() {
  const std::vector<BackendStatus> backends = backend_statuses();
  say("dcgan_cuda {}\n", DCGAN_VERSION);
  say("backends, in the order in which 'auto' chooses:\n");
  for (const BackendStatus& b : backends) say("  {}: {}\n", b.name, describe(b));
  for (const std::string& name : preset_names()) {
    say("preset {}: {}\n", name, preset_title(name));
    for (const NetworkSpec& network : network_specs(preset_config(name))) print_network(network);
  }
  say("settings (--set KEY=VALUE), with dcgan's values:\n");
  for (const SettingInfo& s : settings(preset_config("dcgan")))
    say("  {:28} {:12} {}\n", s.key, s.value, s.help);
}

void describe_checkpoint(const std::string& path) {
  const SafetensorsFile file(path);
  const CheckpointHeader header = read_checkpoint_header(file);
  say("{}: {}, step {}, {} epochs done, seed {}\n", path, preset_title(header.config.preset),
      header.state.step, header.state.history.size(), header.config.seed);
  for (const EpochRecord& e : header.state.history)
    say("  epoch {}  {}  {:.1f} s\n", e.epoch, measures_text(header.config.preset, e), e.seconds);
  for (const SettingChange& c : header.state.changes)
    say("  changed after step {}: {} from {} to {}\n", c.step, c.key, c.from, c.to);
  for (const SettingInfo& s : settings(header.config)) say("  {:28} {}\n", s.key, s.value);
  for (const auto& [name, entry] : file.entries())
    say("  {:52} {}\n", name, to_string(entry.shape));
}

}  // namespace

void add_info(CLI::App& app, int& status) {
  struct Options {
    std::string path, preset = "dcgan", out = "runs";
    bool doctor = false;
    ConfigOptions settings;
  };
  CLI::App* command = app.add_subcommand(
      "info", "Describe this build, or a checkpoint; or say what a run would lack here");
  auto o = std::make_shared<Options>();
  command->add_option("CHECKPOINT", o->path, "A checkpoint to describe");
  CLI::Option* doctor = command->add_flag("--doctor", o->doctor,
                                          "Look at what a run needs: backend, threads, data, "
                                          "memory, disk, time; status 1 if it cannot");
  command->add_option("--preset", o->preset, "The run's preset")->needs(doctor);
  command->add_option("--out", o->out, "The run's folder")->needs(doctor);
  const std::vector<CLI::Option*> own = command->get_options();
  o->settings.add(*command);
  for (CLI::Option* option : command->get_options())
    if (std::find(own.begin(), own.end(), option) == own.end()) option->needs(doctor);
  command->callback([o, &status] {
    status = done;
    if (o->doctor) {
      if (!o->path.empty())
        throw UsageError("--doctor looks at a run to come, not at a checkpoint");
      Config config = preset_config(o->preset);
      o->settings.apply(config);
      if (!examine(config, o->out)) status = failed;
    } else {
      o->path.empty() ? describe_program() : describe_checkpoint(o->path);
    }
  });
}

}  // namespace dcgan::cli
