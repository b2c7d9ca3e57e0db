// dcgan_cuda kernels: what the kernels of a training step ask of memory, counted without a GPU.
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "io/atomic_file.h"
#include "profile/step_profile.h"
#include "report/kernels_report.h"

namespace dcgan::cli {
namespace {

struct Options {
  std::string preset = "dcgan", precision = "fp32", op, json, html;
  std::int64_t batch_size = 0;
  std::uint64_t blocks = 8;
};

void run(const Options& o) {
  Config config = preset_config(o.preset);
  set(config, "precision", o.precision);
  if (o.batch_size > 0) config.batch_size = o.batch_size;
  const nlohmann::ordered_json profile = profile_step(config, o.op, o.blocks);
  std::fputs(kernels_table(profile).c_str(), stdout);
  if (!o.json.empty()) write_file_atomically(o.json, profile.dump(1) + "\n");
  if (!o.html.empty()) write_kernels_page(o.html, profile);
}

}  // namespace

void add_kernels(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "kernels",
      "Count what the kernels of a training step ask of memory, per source line: sectors, bank "
      "conflicts, access widths");
  auto o = std::make_shared<Options>();
  command->add_option("--preset", o->preset, "Preset whose step is counted")
      ->check(CLI::IsMember(preset_names()))
      ->capture_default_str();
  command->add_option("--precision", o->precision, "Of products: fp32, tf32x3 or tf32")
      ->capture_default_str();
  command->add_option("--op", o->op, "Only this op: conv2d, dense, adam ...");
  command->add_option("--batch-size", o->batch_size, "Images per step (default: the preset's)")
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--blocks", o->blocks,
                   "Blocks to run of each launch; counts are scaled if it has more")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  command->add_option("--json", o->json, "Write all counts to this file");
  command->add_option("--html", o->html, "Write an HTML page with plots");
  command->callback([o, &status] {
    run(*o);
    status = done;
  });
}

}  // namespace dcgan::cli
