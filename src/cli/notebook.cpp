// dcgan_cuda alone: Vanilla GAN, then DCGAN, then the page that compares them.
#include <ctime>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "train/run_checkpoints.h"

namespace dcgan::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* presets[] = {"vanilla", "dcgan"};

struct Options {
  std::string out, resume;
  ConfigOptions settings;
};

/// One of the two runs: from scratch if there is no checkpoint.
struct Part {
  Config config;
  std::string folder, checkpoint;
};

std::string free_folder() {
  std::string out = "runs/notebook";
  for (int n = 2; fs::exists(out); ++n) out = "runs/notebook-" + std::to_string(n);
  return out;
}

std::vector<Part> fresh_parts(const Options& o, const std::string& out) {
  std::vector<Part> parts;
  for (const char* preset : presets) {
    Part part{preset_config(preset), out + "/" + preset, ""};
    o.settings.apply(part.config);
    if (part.config.preset != preset)
      throw UsageError("the main job trains vanilla and dcgan; use 'train' for another preset");
    if (fs::exists(part.folder + "/log.jsonl"))
      throw Error(out +
                  ": it already holds a run; name another folder with --out, or continue it " +
                  "with --resume " + shell_word(out));
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<Part> resumed_parts(const Options& o) {
  if (!o.out.empty())
    throw UsageError("--resume and --out exclude each other: a resumed job keeps its folder");
  std::vector<Part> parts;
  for (const char* preset : presets) {
    Part part{{}, o.resume + "/" + preset, ""};
    part.checkpoint = newest_checkpoint(part.folder);
    if (part.checkpoint.empty() && has_checkpoints(part.folder))
      throw Error(part.folder + "/checkpoints: none of its files can be read; move them away to " +
                  "train this part anew");
    const std::string file = part.folder + "/config.json";
    if (part.checkpoint.empty() && !fs::exists(file))
      throw Error(file +
                  " is missing: --resume takes the folder of a main job; to resume a single " +
                  "run, use 'train --resume CHECKPOINT'");
    part.config = part.checkpoint.empty() ? config_from_json(read_file(file), file)
                                          : checkpoint_config(part.checkpoint);
    o.settings.apply_to_resumed(part.config, part.folder);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

int run(const Options& o) {
  const std::string out = !o.resume.empty() ? o.resume : o.out.empty() ? free_folder() : o.out;
  const std::vector<Part> parts = o.resume.empty() ? fresh_parts(o, out) : resumed_parts(o);
  const Dataset data = read_dataset(parts.front().config);
  // What stops the second run is reported before the first has trained for an hour.
  for (const Part& part : parts) Trainer(part.config, data);
  for (const Part& part : parts) {  // both, so that the second can be resumed before it has begun
    ensure_writable_directory(part.folder);
    write_file_atomically(part.folder + "/config.json", to_json(part.config) + "\n");
  }
  install_stop_handler();
  std::vector<RunSummary> summaries;
  std::vector<std::pair<std::string, std::string>> context;
  for (const Part& part : parts) {
    Trainer trainer(part.config, data);
    if (!part.checkpoint.empty()) trainer.load(part.checkpoint);
    RunOutcome outcome = train_with_progress(trainer, part.folder, part.checkpoint);
    if (outcome.interrupted) {
      print_resume_command("--resume " + shell_word(out));
      return interrupted;
    }
    summaries.push_back(std::move(outcome.summary));
    context = {{"Data", data.name + ", " + std::to_string(data.count) + " images"},
               {"Backend", trainer.backend_description()},
               {"Finished", now_text()}};
  }
  const std::string page = out + "/comparison.html";
  write_comparison_page(page, summaries, context);
  say("comparison: {}\n", page);
  return done;
}

}  // namespace

void add_notebook(CLI::App& app, int& status) {
  auto o = std::make_shared<Options>();
  app.add_option("--out", o->out,
                 "Folder for both runs and the comparison (default: runs/notebook)");
  app.add_option("--resume", o->resume, "Resume an interrupted main job in this folder");
  o->settings.add(app);
  app.callback([o, &app, &status] {
    if (app.get_subcommands().empty()) status = run(*o);
  });
}

}  // namespace dcgan::cli
