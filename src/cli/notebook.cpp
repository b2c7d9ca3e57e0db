// dcgan_cuda alone: Vanilla GAN, then DCGAN, then the page that compares them.
#include <ctime>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/training_session.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "run/folder_lock.h"
#include "train/run_checkpoints.h"

namespace dcgan::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* presets[] = {"vanilla", "dcgan"};
constexpr const char* page_name = "comparison.html";

struct Options {
  std::string out, resume;
  ConfigOptions settings;
};

/// One of the two runs: from scratch if there is no checkpoint.
struct Part {
  Config config;
  std::string name, checkpoint;
};

/// Why no new job may begin in the folder, or nothing.
std::string hindrance_to_new_job(const std::string& out) {
  for (const char* preset : presets) {
    const std::string folder = out + "/" + preset;
    if (has_checkpoints(folder))
      return out + ": it already holds a run; name another folder with --out, or continue " +
             "it with --resume " + shell_word(out);
    std::string hindrance = hindrance_to_new_run(folder);
    if (!hindrance.empty()) return hindrance;
  }
  const std::string page = out + "/" + page_name;
  return fs::exists(page) ? page + ": it is there already; name another folder with --out" : "";
}

std::vector<Part> fresh_parts(const Options& o) {
  std::vector<Part> parts;
  for (const char* preset : presets) {
    Part part{preset_config(preset), preset, ""};
    o.settings.apply(part.config);
    if (part.config.preset != preset)
      throw UsageError("the main job trains vanilla and dcgan; use 'train' for another preset");
    parts.push_back(std::move(part));
  }
  if (o.out.empty()) return parts;
  const std::string hindrance = hindrance_to_new_job(o.out);
  if (!hindrance.empty()) throw Error(hindrance);
  return parts;
}

std::vector<Part> resumed_parts(const Options& o) {
  if (!o.out.empty())
    throw UsageError("--resume and --out exclude each other: a resumed job keeps its folder");
  std::vector<Part> parts;
  for (const char* preset : presets) {
    const std::string folder = o.resume + "/" + preset, file = folder + "/config.json";
    Part part{{}, preset, newest_checkpoint(folder)};
    if (part.checkpoint.empty() && has_checkpoints(folder))
      throw Error(folder + "/checkpoints: none of its files can be read; move them away to " +
                  "train this part anew");
    if (part.checkpoint.empty() && !fs::exists(file))
      throw Error(file +
                  " is missing: --resume takes the folder of a main job; to resume a single " +
                  "run, use 'train --resume'");
    part.config = part.checkpoint.empty() ? config_from_json(read_file(file), file)
                                          : checkpoint_config(part.checkpoint);
    o.settings.apply_to_resumed(part.config, folder);
    parts.push_back(std::move(part));
  }
  return parts;
}

/// The job's folder, kept from others: the one named, else the first free one.
FolderLock lock_job_folder(const Options& o) {
  const std::string named = o.resume.empty() ? o.out : o.resume;
  return named.empty() ? FolderLock::lock_first_free("runs/notebook", hindrance_to_new_job)
                       : FolderLock::lock(named);
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

int run(const Options& o) {
  std::vector<Part> parts = o.resume.empty() ? fresh_parts(o) : resumed_parts(o);
  const Dataset data = read_dataset(parts.front().config);
  // What stops the second run is reported before the first has trained for an hour.
  for (Part& part : parts) part.config = Trainer(part.config, data).config();
  const FolderLock job = lock_job_folder(o);
  std::vector<FolderLock> locks;
  for (const Part& part : parts) {  // both, so that the second can be resumed before it has begun
    const std::string folder = job.path() + "/" + part.name;
    locks.push_back(FolderLock::lock(folder));
    if (part.checkpoint.empty())
      write_file_atomically(folder + "/config.json", to_json(part.config) + "\n");
  }
  install_stop_handler();
  std::vector<RunSummary> summaries;
  std::vector<std::pair<std::string, std::string>> context;
  for (const Part& part : parts) {
    Trainer trainer(part.config, data);
    if (!part.checkpoint.empty()) trainer.load(part.checkpoint);
    RunOutcome outcome =
        train_with_progress(trainer, job.path() + "/" + part.name, part.checkpoint);
    if (outcome.interrupted) {
      print_resume_command("--resume " + shell_word(job.path()));
      return interrupted;
    }
    summaries.push_back(std::move(outcome.summary));
    context = {{"Data", data.name + ", " + std::to_string(data.count) + " images"},
               {"Backend", trainer.backend_description()},
               {"Finished", now_text()}};
  }
  const std::string page = job.path() + "/" + page_name;
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
