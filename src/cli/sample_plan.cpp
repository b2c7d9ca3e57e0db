// Counts key vectors and pictures, and finds the grid that holds them.
#include "cli/sample_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <utility>

#include "dcgan/error.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "train/latent_path.h"

namespace dcgan::cli {
namespace {

constexpr int largest_grid = 100;
constexpr std::int64_t most_pictures = 1'000'000, most_between = 1000;
constexpr std::int64_t largest_png_bytes = std::int64_t{1} << 29;
constexpr std::int64_t default_pictures = 16, default_keys = 2;
constexpr std::int64_t default_steps = 8, default_between = 16;  // of an animation
constexpr Grid default_animation{4, 4};

/// Latent vectors that exist, before any between them: drawn or read.
struct Keys {
  std::int64_t count = 0;
  std::function<std::vector<float>(std::int64_t first, std::int64_t count)> vectors;
};

Grid parse_grid(const std::string& text) {
  Grid grid;
  const char* end = text.data() + text.size();
  const auto rows = std::from_chars(text.data(), end, grid.rows);
  const bool by = rows.ec == std::errc{} && rows.ptr != end && *rows.ptr == 'x';
  const auto columns = std::from_chars(by ? rows.ptr + 1 : end, end, grid.columns);
  if (columns.ec != std::errc{} || columns.ptr != end || grid.rows < 1 || grid.columns < 1 ||
      grid.rows > largest_grid || grid.columns > largest_grid)
    throw UsageError("--grid " + text + ": expected ROWSxCOLUMNS, each from 1 to 100");
  return grid;
}

std::string text_of(const Grid& grid) {
  return std::to_string(grid.rows) + "x" + std::to_string(grid.columns);
}

void check_fits(std::int64_t pictures, const Grid& grid) {
  if (pictures > grid.cells() || grid.rows > largest_grid || grid.columns > largest_grid)
    throw UsageError(std::to_string(pictures) + " pictures do not fit a grid of " + text_of(grid) +
                     " (at most 100x100); .npy or a folder, DIR/, holds more");
}

/// The smallest nearly square grid that holds all pictures.
Grid square_grid(std::int64_t pictures) {
  const auto side = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(pictures))));
  return {static_cast<int>((pictures + side - 1) / side), side};
}

/// Reads all of them once, so that what cannot be used is found out before a picture is drawn.
Keys read_keys(const std::string& path, std::int64_t latent) {
  const auto file = std::make_shared<NpyFile>(path);
  const std::vector<std::int64_t>& shape = file->shape();
  const bool one = shape == std::vector{latent};
  if (!one && !(shape.size() == 2 && shape[0] > 0 && shape[1] == latent))
    throw Error(path + ": an array of shape " + to_string(shape) +
                "; expected latent vectors, [N, " + std::to_string(latent) + "] or [" +
                std::to_string(latent) + "]");
  Keys keys;
  keys.count = one ? 1 : shape[0];
  if (keys.count > most_pictures)
    throw Error(path + ": " + std::to_string(keys.count) + " latent vectors; expected at most " +
                std::to_string(most_pictures));
  keys.vectors = [file, latent](std::int64_t first, std::int64_t count) {
    std::vector<float> vectors = file->values(first * latent, count * latent);
    const auto wrong =
        std::find_if_not(vectors.begin(), vectors.end(), [](float x) { return std::isfinite(x); });
    if (wrong == vectors.end()) return vectors;
    throw Error(file->path() + ": latent vector " +
                std::to_string(first + (wrong - vectors.begin()) / latent) +
                " (from 0) has a value that is no finite number; expected finite ones");
  };
  constexpr std::int64_t at_once = 1024;
  for (std::int64_t first = 0; first < keys.count; first += at_once)
    keys.vectors(first, std::min(at_once, keys.count - first));
  return keys;
}

Keys make_keys(const SampleOptions& o, Generator& generator, std::uint64_t seed,
               std::int64_t count) {
  if (!o.latents.empty()) return read_keys(o.latents, generator.config().latent);
  return {count, [&generator, seed](std::int64_t first, std::int64_t n) {
            return generator.draw_latents(first, n, seed);
          }};
}

/// Key vectors of --latents that make no path of so many cells.
void check_steps(const SampleOptions& o, std::int64_t keys, std::int64_t cells) {
  if (keys % cells == 0 && keys / cells >= 2) return;
  throw Error(o.latents + ": latent vectors: " + std::to_string(keys) + "; expected " +
              (cells == 1 ? "two or more for a path"
                          : "a multiple of " + std::to_string(cells) + ", twice that or more: as " +
                                "many for each cell of the grid"));
}

void set_path(SamplePlan& plan, const SampleOptions& o, const Keys& keys, std::int64_t latent,
              PathShape shape, std::int64_t between, std::int64_t cells) {
  if (!o.latents.empty()) check_steps(o, keys.count, cells);
  plan.count = LatentPath::size(shape, keys.count / cells, between, cells);
  if (plan.count > most_pictures)
    throw UsageError("a path of " + std::to_string(plan.count) + " pictures: at most " +
                     std::to_string(most_pictures) + "; give a smaller --count or --interpolate");
  const auto path =
      std::make_shared<LatentPath>(keys.vectors(0, keys.count), latent, shape, between, cells);
  plan.latents = [path](std::int64_t first, std::int64_t count) {
    return path->vectors(first, count);
  };
}

void plan_animation(SamplePlan& plan, const SampleOptions& o, Generator& generator,
                    std::uint64_t seed) {
  if (o.grid.empty()) plan.grid = o.latents.empty() ? default_animation : Grid{1, 1};
  const std::int64_t cells = plan.grid.cells();
  const Keys keys = make_keys(o, generator, seed, o.count.value_or(default_steps) * cells);
  set_path(plan, o, keys, generator.config().latent, PathShape::loop,
           o.interpolate.value_or(default_between), cells);
  plan.turns = cells;
}

void plan_interpolation(SamplePlan& plan, const SampleOptions& o, Generator& generator,
                        std::uint64_t seed) {
  const Keys keys = make_keys(o, generator, seed, o.count.value_or(default_keys));
  const bool pairs = plan.target == Target::png && o.grid.empty();
  set_path(plan, o, keys, generator.config().latent, pairs ? PathShape::pairs : PathShape::open,
           *o.interpolate, 1);
  if (!pairs) return;
  plan.grid = {static_cast<int>(keys.count - 1), static_cast<int>(*o.interpolate + 2)};
  plan.turn = plan.grid.columns;
  plan.turns = plan.grid.rows;
}

void plan_pictures(SamplePlan& plan, const SampleOptions& o, Generator& generator,
                   std::uint64_t seed) {
  const std::int64_t count =
      o.count.value_or(o.grid.empty() ? default_pictures : plan.grid.cells());
  const Keys keys = make_keys(o, generator, seed, count);
  plan.count = plan.turns = keys.count;
  plan.latents = keys.vectors;
  if (plan.target == Target::png && o.grid.empty()) plan.grid = square_grid(plan.count);
}

}  // namespace

std::vector<std::uint8_t> SamplePlan::labels(std::int64_t first, std::int64_t n) const {
  std::vector<std::uint8_t> all;
  for (std::int64_t i = first; classes > 0 && i < first + n; ++i)
    all.push_back(static_cast<std::uint8_t>(label.value_or(i / turn % turns % classes)));
  return all;
}

void check_options(const SampleOptions& o) {
  const Target target = target_of(o.out);
  if (!o.grid.empty()) parse_grid(o.grid);
  const bool path = o.interpolate || target == Target::gif;
  if (o.interpolate && (*o.interpolate < 1 || *o.interpolate > most_between))
    throw UsageError("--interpolate " + std::to_string(*o.interpolate) +
                     ": must be from 1 to 1000 pictures between");
  const std::int64_t least = path ? 2 : 1;
  if (o.count && (*o.count < least || *o.count > most_pictures))
    throw UsageError("--count " + std::to_string(*o.count) + ": must be from " +
                     std::to_string(least) + " to 1000000" + (path ? " key vectors" : ""));
  // Of these a grid may say how many pictures there are, and nothing else.
  const bool gridless = target == Target::npy || target == Target::folder;
  if (gridless && !o.grid.empty() && (path || o.count || !o.latents.empty()))
    throw UsageError("--grid " + o.grid + ": arrays and folders have no grid");
}

SamplePlan plan_sample(const SampleOptions& o, Generator& generator, std::uint64_t seed) {
  SamplePlan plan;
  plan.target = target_of(o.out);
  plan.classes = generator.config().classes;
  plan.label = o.label;
  if (o.label && (*o.label < 0 || *o.label >= plan.classes))
    throw UsageError("--class " + std::to_string(*o.label) + ": " + o.checkpoint +
                     (plan.classes == 0
                          ? " is of a GAN without classes (classes=0)"
                          : " has the classes 0 to " + std::to_string(plan.classes - 1)));
  if (!o.grid.empty()) plan.grid = parse_grid(o.grid);
  if (plan.target == Target::gif)
    plan_animation(plan, o, generator, seed);
  else if (o.interpolate)
    plan_interpolation(plan, o, generator, seed);
  else
    plan_pictures(plan, o, generator, seed);
  if (plan.target == Target::png) {
    check_fits(plan.count, plan.grid);
    const std::int64_t bytes =
        std::int64_t{generator.height()} * generator.width() * generator.channels();
    if (plan.count * bytes > largest_png_bytes)
      throw UsageError("--count " + std::to_string(plan.count) + ": a .png holds at most " +
                       std::to_string(largest_png_bytes / bytes) +
                       " pictures of this size; .npy or a folder, DIR/, holds more");
  }
  return plan;
}

}  // namespace dcgan::cli
