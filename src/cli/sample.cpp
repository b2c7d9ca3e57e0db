// dcgan_cuda sample: pictures or arrays from a checkpoint.
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "dcgan/error.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "plot/figure.h"
#include "train/checkpoint.h"

namespace dcgan::cli {
namespace {

constexpr int largest_grid = 100;
constexpr std::int64_t largest_sample_bytes = std::int64_t{1} << 31;

struct Options {
  std::string checkpoint, out, grid, seed = "1", backend = "auto", threads;
  std::optional<std::int64_t> count;
};

/// NumPy's format 1.0: magic, version, length, a dict literal padded to 64 bytes, the data.
std::string npy(const std::vector<float>& data, const std::vector<std::int64_t>& shape) {
  static_assert(std::endian::native == std::endian::little);
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const std::int64_t n : shape) dict += std::to_string(n) + ", ";
  dict += "), }";
  while ((10 + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(dict.size() & 0xff);
  file += static_cast<char>(dict.size() >> 8);
  file += dict;
  file.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
  return file;
}

struct Grid {
  int rows = 0, columns = 0;
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

/// The grid asked for, or the smallest nearly square one that holds all images.
Grid picture_grid(const Options& o, std::int64_t count) {
  Grid grid = o.grid.empty() ? Grid{} : parse_grid(o.grid);
  if (o.grid.empty()) {
    while (std::int64_t{grid.columns} * grid.columns < count) ++grid.columns;
    grid.rows = static_cast<int>((count + grid.columns - 1) / grid.columns);
  }
  if (count > std::int64_t{grid.rows} * grid.columns || grid.rows > largest_grid)
    throw UsageError("--count " + std::to_string(count) + " does not fit a grid of " +
                     std::to_string(grid.rows) + "x" + std::to_string(grid.columns) +
                     " (at most 100x100); .npy holds more");
  return grid;
}

std::int64_t wanted_count(const Options& o) {
  if (o.count) {
    if (*o.count < 1 || *o.count > 1'000'000)
      throw UsageError("--count " + std::to_string(*o.count) + ": must be from 1 to 1000000");
    return *o.count;
  }
  if (o.grid.empty()) return 16;
  const Grid grid = parse_grid(o.grid);
  return std::int64_t{grid.rows} * grid.columns;
}

void run(const Options& o) {
  const bool as_array = o.out.ends_with(".npy");
  if (!as_array && !o.out.ends_with(".png"))
    throw UsageError("--out " + o.out + ": expected a name that ends in .png or .npy");
  const std::int64_t count = wanted_count(o);
  const Grid grid = as_array ? Grid{} : picture_grid(o, count);

  const SafetensorsFile file(o.checkpoint);
  Config config = read_checkpoint_header(file).config;
  check_size(file, config);
  set(config, "backend", o.backend);
  if (!o.threads.empty()) set(config, "threads", o.threads);
  set(config, "seed", o.seed);  // of the noise; nothing else is drawn here
  config.batch_size = 64;
  const std::int64_t bytes_per_image = gan_spec(config).image.size() * std::int64_t{sizeof(float)};
  if (count * bytes_per_image > largest_sample_bytes)
    throw UsageError("--count " + std::to_string(count) + ": at most " +
                     std::to_string(largest_sample_bytes / bytes_per_image) +
                     " images of this size at once; call again with another --seed for more");
  const std::unique_ptr<Backend> backend = make_backend(config.backend, config.threads);
  Gan gan(*backend, config);
  load_tensors(file, gan, Moments::reset);
  const std::vector<float> images = gan.sample(count, config.seed);
  const SampleShape shape = gan.spec().image;
  if (as_array) {
    write_file_atomically(o.out, npy(images, {count, shape.height, shape.width, shape.channels}));
    return;
  }
  const std::vector<std::uint8_t> bytes = to_bytes(images);
  if (count == 1) {  // a single image is written pixel for pixel
    write_png(o.out, {static_cast<int>(shape.width), static_cast<int>(shape.height),
                      static_cast<int>(shape.channels), bytes});
    return;
  }
  const ImageBatch batch{bytes, static_cast<int>(count), static_cast<int>(shape.height),
                         static_cast<int>(shape.width), static_cast<int>(shape.channels)};
  write_png(o.out, grid_figure(batch, grid.rows, grid.columns, ""));
}

}  // namespace

void add_sample(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("sample", "Draw images from a checkpoint");
  auto o = std::make_shared<Options>();
  command->add_option("--checkpoint", o->checkpoint, "Checkpoint of a run")->required();
  command->add_option("--out", o->out, "X.png (a grid; one image alone if --count 1) or X.npy")
      ->required();
  command->add_option("--count", o->count, "Number of images (default: the grid's, else 16)");
  command->add_option("--seed", o->seed, "Seed of the noise");
  command->add_option("--grid", o->grid, "ROWSxCOLUMNS of the picture");
  command->add_option("--backend", o->backend, "auto, cuda, simt or cpu");
  command->add_option("--threads", o->threads, "Threads of the cpu backend (default: the run's)");
  command->callback([o, &status] {
    run(*o);
    status = done;
  });
}

}  // namespace dcgan::cli
