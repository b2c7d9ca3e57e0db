// dcgan_cuda alone: Vanilla GAN, then DCGAN, then the page that compares them.
#include <ctime>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"

namespace dcgan::cli {
namespace {

struct Options {
  std::string out;
  ConfigOptions settings;
};

std::string free_folder() {
  namespace fs = std::filesystem;
  std::string out = "runs/notebook";
  for (int n = 2; fs::exists(out); ++n) out = "runs/notebook-" + std::to_string(n);
  return out;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

int run(const Options& o) {
  const std::string out = o.out.empty() ? free_folder() : o.out;
  std::vector<Config> configs;
  for (const char* preset : {"vanilla", "dcgan"}) {
    configs.push_back(preset_config(preset));
    o.settings.apply(configs.back());
    if (configs.back().preset != preset)
      throw UsageError("the main job trains vanilla and dcgan; another preset needs 'train'");
    if (std::filesystem::exists(out + "/" + preset + "/log.jsonl"))
      throw Error(out + ": a run is there already; name another folder with --out");
  }
  ensure_writable_directory(out);
  install_stop_handler();
  std::vector<RunSummary> summaries;
  std::vector<std::pair<std::string, std::string>> context;
  for (const Config& config : configs) {
    Trainer trainer(config, read_dataset(config));
    RunOutcome outcome = train_with_progress(trainer, out + "/" + config.preset, "");
    if (outcome.interrupted) return interrupted;
    summaries.push_back(std::move(outcome.summary));
    context = {{"Data", trainer.dataset().name + ", " + std::to_string(trainer.dataset().count) +
                            " images"},
               {"Backend", trainer.backend_description()},
               {"Finished", now_text()}};
  }
  const std::string page = out + "/comparison.html";
  write_comparison_page(page, summaries, context);
  std::printf("comparison: %s\n", page.c_str());
  return done;
}

}  // namespace

void add_notebook(CLI::App& app, int& status) {
  auto o = std::make_shared<Options>();
  app.add_option("--out", o->out,
                 "Folder for both runs and the comparison (default: runs/notebook)");
  o->settings.add(app);
  app.callback([o, &app, &status] {
    if (app.get_subcommands().empty()) status = run(*o);
  });
}

}  // namespace dcgan::cli
