// dcgan_cuda info: the build, backends and presets; or what a checkpoint holds.
#include <cstdio>
#include <memory>

#include "backend/backend.h"
#include "cli/commands.h"
#include "dcgan/error.h"
#include "models/models.h"
#include "nn/sequential.h"
#include "train/checkpoint.h"

namespace dcgan::cli {
namespace {

void print_network(const char* name, const std::vector<LayerSpec>& layers, SampleShape input) {
  const NetworkSize size = Sequential::size_of(layers, input, 1);
  std::printf("  %s: %lld parameters", name, static_cast<long long>(size.parameters));
  if (size.moving_statistics)
    std::printf(" (+%lld moving)", static_cast<long long>(size.moving_statistics));
  std::printf("\n");
  for (const LayerSpec& layer : layers) std::printf("    %s\n", to_string(layer).c_str());
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
  std::printf("dcgan_cuda %s\n", DCGAN_VERSION);
  std::printf("backends, in the order in which 'auto' chooses:\n");
  for (const BackendStatus& b : backends)
    std::printf("  %s: %s\n", b.name.c_str(), describe(b).c_str());
  for (const std::string& name : preset_names()) {
    std::printf("preset %s: %s\n", name.c_str(), preset_title(name).c_str());
    const Config config = preset_config(name);
    const GanSpec spec = gan_spec(config);
    print_network("generator", spec.generator, {1, 1, config.latent});
    print_network("discriminator", spec.discriminator, spec.image);
  }
  std::printf("settings (--set KEY=VALUE), with dcgan's values:\n");
  for (const SettingInfo& s : settings(preset_config("dcgan")))
    std::printf("  %-28s %-12s %s\n", s.key.c_str(), s.value.c_str(), s.help.c_str());
}

void describe_checkpoint(const std::string& path) {
  const SafetensorsFile file(path);
  const CheckpointHeader header = read_checkpoint_header(file);
  std::printf("%s: %s, step %lld, %zu epochs done, seed %llu\n", path.c_str(),
              preset_title(header.config.preset).c_str(), static_cast<long long>(header.state.step),
              header.state.history.size(), static_cast<unsigned long long>(header.config.seed));
  for (const EpochRecord& e : header.state.history)
    std::printf("  epoch %lld  loss G %.4f D %.4f  %.1f s\n", static_cast<long long>(e.epoch),
                e.loss_generator, e.loss_discriminator, e.seconds);
  for (const SettingInfo& s : settings(header.config))
    std::printf("  %-28s %s\n", s.key.c_str(), s.value.c_str());
  for (const auto& [name, entry] : file.entries())
    std::printf("  %-52s %s\n", name.c_str(), to_string(entry.shape).c_str());
}

}  // namespace

void add_info(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("info", "Describe this build, or a checkpoint");
  auto path = std::make_shared<std::string>();
  command->add_option("CHECKPOINT", *path, "A checkpoint to describe");
  command->callback([path, &status] {
    path->empty() ? describe_program() : describe_checkpoint(*path);
    status = done;
  });
}

}  // namespace dcgan::cli
