// dcgan_cuda sample: pictures, arrays and animations from a checkpoint.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "cli/commands.h"
#include "cli/sample_output.h"
#include "cli/sample_plan.h"
#include "dcgan/error.h"
#include "dcgan/generator.h"
#include "io/progress.h"

namespace dcgan::cli {
namespace {

constexpr std::int64_t pictures_at_once = 64;  // pictures in memory, whatever the number asked for

void run(const SampleOptions& o) {
  check_options(o);
  Config options;  // the parser of settings knows what these may be
  set(options, "backend", o.backend);
  set(options, "seed", o.seed);
  if (!o.threads.empty()) set(options, "threads", o.threads);

  Generator generator(o.checkpoint, options.backend, o.threads.empty() ? -1 : options.threads);
  const SamplePlan plan = plan_sample(o, generator, options.seed);
  const PictureSize size{generator.height(), generator.width(), generator.channels()};
  const auto output = make_output(plan.target, o.out, plan.count, size, plan.grid);
  Progress progress("pictures drawn", static_cast<std::size_t>(plan.count));
  for (std::int64_t first = 0; first < plan.count; first += pictures_at_once) {
    const std::int64_t n = std::min(pictures_at_once, plan.count - first);
    output->add(generator.sample(plan.latents(first, n), plan.labels(first, n)));
    progress.done(static_cast<std::size_t>(first + n));
  }
  output->finish();
}

}  // namespace

void add_sample(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("sample", "Draw images from a checkpoint");
  auto o = std::make_shared<SampleOptions>();
  command
      ->add_option("--checkpoint", o->checkpoint,
                   "Checkpoint, or run folder: its newest checkpoint")
      ->required();
  command
      ->add_option("--out", o->out,
                   "X.png (a grid; one image alone if --count 1), X.npy, X.gif (an endless walk "
                   "through latent space) or DIR/ (every image in a file of its own, 0001.png, "
                   "...)")
      ->required();
  CLI::Option* count = command->add_option(
      "--count", o->count,
      "Number of images (default: the grid's, else 16); with --interpolate or X.gif of key "
      "vectors (default: 2; of a GIF 8 for each cell)");
  CLI::Option* seed = command->add_option("--seed", o->seed, "Seed of the noise (default: 1)");
  command->add_option("--grid", o->grid,
                      "ROWSxCOLUMNS of the picture; of X.gif of each frame (default: 4x4, with "
                      "--latents 1x1), every cell with a walk of its own");
  command
      ->add_option(
          "--latents", o->latents,
          "X.npy: latent vectors of one's own, float32 or float64, [N, latent] or [latent]")
      ->excludes(count)
      ->excludes(seed);
  command->add_option(
      "--interpolate", o->interpolate,
      "Number of images from one key vector to the next, by spherical interpolation: "
      "directions along the arc, lengths linearly (default of X.gif: 16). X.png has a "
      "row for each pair");
  command->add_option("--class", o->label,
                      "Of a GAN that was told classes: draw this one alone (default: each in its "
                      "turn; a walk stays in its class)");
  command->add_option("--backend", o->backend, "auto, cuda, simt, simt-check or cpu");
  command->add_option("--threads", o->threads, "Threads of the cpu backend (default: the run's)");
  command->callback([o, &status] {
    run(*o);
    status = done;
  });
}

}  // namespace dcgan::cli
