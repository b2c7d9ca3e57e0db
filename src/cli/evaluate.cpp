// dcgan_cuda evaluate: how good generated pictures are, in the eyes of a classifier.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "cli/commands.h"
#include "cli/evaluate_samples.h"
#include "cli/evaluate_sheets.h"
#include "cli/messages.h"
#include "data/data_source.h"
#include "dcgan/error.h"
#include "dcgan/trainer.h"
#include "evaluate/evaluator.h"
#include "io/atomic_file.h"
#include "io/progress.h"
#include "train/run_checkpoints.h"

namespace dcgan::cli {
namespace {

Dataset read_real(const std::string& place, Split split) {
  Config config;
  config.data = place;
  const auto memory = static_cast<std::uint64_t>(free_memory_bytes());
  return read_data(config, {judged_side, 1, false, false, memory}, split);
}

/// Judges all three sets, which progress is said of as one.
Evaluation judge_all(Judge& judge, const Samples& samples, const Dataset& training,
                     const Dataset& test, int threads) {
  const std::int64_t beside = std::min(samples.count, training.count);
  Progress progress("pictures judged",
                    static_cast<std::size_t>(samples.count + beside + test.count));
  const auto done = [&](std::int64_t n) { progress.done(static_cast<std::size_t>(n)); };
  const Evaluator evaluator(judge, training, beside, test, threads, done);
  Evaluation e =
      evaluator.evaluate(samples.pixels, [&](std::int64_t n) { done(test.count + beside + n); });
  e.samples = samples.name;
  return e;
}

/// What is soon found out comes first: drawing and judging may take minutes.
void run(EvaluateOptions o) {
  check_options(o);
  Config options;  // the parser of settings knows what these may be
  set(options, "backend", o.backend);
  if (!o.threads.empty()) set(options, "threads", o.threads);
  if (!o.checkpoint.empty()) o.checkpoint = find_checkpoint(o.checkpoint);
  if (o.data.empty() && !o.checkpoint.empty()) o.data = checkpoint_config(o.checkpoint).data;
  const auto backend = make_backend(options.backend, options.threads);
  Judge judge(*backend, o.judge.empty() ? shipped_judge() : SafetensorsFile(o.judge));
  if (judge.image() != SampleShape{judged_side, judged_side, 1})
    throw Error(o.judge + ": it judges pictures of another size than 28x28 in grey; name another " +
                "checkpoint with --judge");
  const Dataset test = read_real(o.data, Split::test), training = read_real(o.data, Split::train);

  if (!o.sheets.empty()) ensure_writable_directory(o.sheets);
  const Samples samples = get_samples(o);
  const int threads = processors_for(options.threads);
  Evaluation evaluation = judge_all(judge, samples, training, test, threads);
  if (!o.sheets.empty())
    evaluation.nearest = nearest_training(samples.pixels, test.pixels, training.pixels,
                                          judge.image().size(), threads);
  std::fputs(to_table(evaluation).c_str(), stdout);
  if (!o.json.empty()) write_file_atomically(o.json, to_json(evaluation));
  if (!o.sheets.empty()) write_sheets(o.sheets, evaluation, samples, training, threads);
}

}  // namespace

void add_evaluate(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "evaluate", "Say how good generated pictures are: distances to the test images, variety");
  auto o = std::make_shared<EvaluateOptions>();
  CLI::Option* checkpoint =
      command->add_option("--checkpoint", o->checkpoint,
                          "Checkpoint, or run folder: its newest checkpoint, whose pictures are "
                          "judged");
  CLI::Option* samples = command->add_option(
      "--samples", o->samples,
      "Pictures of one's own: X.npy, [N,28,28] or [N,28,28,1], uint8 or float in [-1, 1]; or a "
      "folder of PNG pictures");
  samples->excludes(checkpoint);
  command->add_option("--count", o->count, "Number of pictures (default: 10000)");
  command->add_option("--seed", o->seed, "Seed of the noise (default: 1)")->excludes(samples);
  command->add_option("--data", o->data,
                      "Folder of the real images, training and test (default: the run's, else "
                      "where Fashion-MNIST is usually found)");
  command->add_option("--json", o->json, "Write all figures to this file");
  command->add_option("--sheets", o->sheets,
                      "Draw the samples of each class, and training pictures nearest to samples, "
                      "into this folder");
  command->add_option("--judge", o->judge,
                      "Checkpoint of a classifier that judges (default: the one that comes with "
                      "the program)");
  command->add_option("--backend", o->backend, "auto, cuda, simt, simt-check or cpu");
  command->add_option("--threads", o->threads, "Threads of the cpu backend and of the distances");
  command->callback([o, &status] {
    run(*o);
    status = done;
  });
}

}  // namespace dcgan::cli
