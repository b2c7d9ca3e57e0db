// A Gan of which only the generator is used.
#include "dcgan/generator.h"

#include <algorithm>

#include "backend/backend.h"
#include "train/checkpoint.h"
#include "train/gan.h"
#include "train/run_checkpoints.h"

namespace dcgan {
namespace {

constexpr std::int64_t most_rows = 64;  // no more are computed at once

Config checked_config(const SafetensorsFile& file) {
  Config config = read_checkpoint_header(file).config;
  if (task_of(config.preset) != Task::gan)
    throw Error(file.path() + ": it is of preset '" + config.preset +
                "', a classifier, which draws no pictures; pictures are drawn from a GAN's");
  check_size(file, config);
  return config;
}

Config for_sampling(Config config, const std::string& backend, int threads) {
  config.backend = backend;
  if (threads >= 0) config.threads = threads;
  config.batch_size = most_rows;
  return config;
}

}  // namespace

struct Generator::Impl {
  Impl(const SafetensorsFile& file, const std::string& backend_name, int threads)
      : config(checked_config(file)),
        backend(make_backend(backend_name, threads >= 0 ? threads : config.threads)),
        gan(*backend, for_sampling(config, backend_name, threads)) {
    load_tensors(file, gan, Moments::reset);
  }

  Config config;
  std::unique_ptr<Backend> backend;
  Gan gan;
};

Generator::Generator(const std::string& checkpoint_or_folder, const std::string& backend,
                     int threads)
    : impl_(std::make_unique<Impl>(SafetensorsFile(find_checkpoint(checkpoint_or_folder)), backend,
                                   threads)) {}
Generator::~Generator() = default;

std::vector<float> Generator::sample(std::int64_t count, std::uint64_t seed) {
  return impl_->gan.sample(count, seed);
}

std::vector<float> Generator::sample(std::span<const float> latents,
                                     std::span<const std::uint8_t> labels) {
  return impl_->gan.sample(latents, labels);
}

std::vector<std::uint8_t> Generator::labels_in_turn(std::int64_t first, std::int64_t count) const {
  return impl_->gan.labels_in_turn(first, count);
}

std::vector<float> Generator::draw_latents(std::int64_t first, std::int64_t count,
                                           std::uint64_t seed) {
  return impl_->gan.draw_latents(first, count, seed);
}

const Config& Generator::config() const { return impl_->config; }
int Generator::height() const { return static_cast<int>(impl_->gan.spec().image.height); }
int Generator::width() const { return static_cast<int>(impl_->gan.spec().image.width); }
int Generator::channels() const { return static_cast<int>(impl_->gan.spec().image.channels); }

}  // namespace dcgan
