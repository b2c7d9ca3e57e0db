// Tape in, result out; the formats are DESIGN's.
#include "train/replay.h"

#include "backend/backend.h"
#include "dcgan/error.h"
#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan {
namespace {

using Shape = std::vector<std::int64_t>;

Shape with_steps(std::int64_t steps, std::int64_t rows, const SampleShape& sample, bool flat) {
  if (flat) return {steps, rows, sample.size()};
  return {steps, rows, sample.height, sample.width, sample.channels};
}

/// One dropout layer's masks of the whole tape.
struct MaskTape {
  std::vector<std::uint8_t> real, fake;
  std::size_t per_step = 0;
};

std::vector<std::uint8_t> read_mask(const SafetensorsFile& tape, const std::string& name,
                                    const Shape& shape) {
  std::vector<std::uint8_t> mask = tape.u8(name, shape);
  for (const std::uint8_t keep : mask)
    if (keep > 1) throw Error(tape.path() + ": " + name + " holds values other than 0 and 1");
  return mask;
}

}  // namespace

void replay(Config config, const ReplayFiles& files) {
  const SafetensorsFile tape(files.tape);
  const SafetensorsFile weights(files.weights);
  const SampleShape image = gan_spec(config).image;
  if (config.discriminator_steps != 1)
    throw UsageError("replay knows presets with one discriminator step; '" + config.preset +
                     "' has " + std::to_string(config.discriminator_steps));
  const Shape& real_shape = tape.shape("real");
  if (real_shape.size() != 5 || real_shape[0] < 1 || real_shape[1] < 1 || real_shape[1] > 65536)
    throw Error(files.tape + ": real has shape " + to_string(real_shape) +
                ", but [steps, batch, height, width, channels] is wanted");
  const std::int64_t steps = real_shape[0], rows = real_shape[1];
  config.batch_size = rows;
  const std::vector<float> real = tape.f32("real", with_steps(steps, rows, image, false));
  const std::vector<float> noise = tape.f32("noise", {steps, rows, config.latent});

  const std::unique_ptr<Backend> backend = make_backend(config.backend, config.threads);
  Gan gan(*backend, config);
  load_tensors(weights, gan, Moments::reset);

  std::vector<MaskTape> masks;
  for (std::size_t n = 0; n < gan.discriminator().dropouts().size(); ++n) {
    const SampleShape& shape = gan.discriminator().dropouts()[n].shape;
    const bool flat = shape.height == 1 && shape.width == 1;
    const std::string suffix = ".dropout" + std::to_string(n + 1);
    const Shape wanted = with_steps(steps, rows, shape, flat);
    masks.push_back({read_mask(tape, "mask.real" + suffix, wanted),
                     read_mask(tape, "mask.fake" + suffix, wanted),
                     static_cast<std::size_t>(rows * shape.size())});
  }

  std::vector<HostTensor> result;
  HostTensor loss_generator{"loss.generator", {steps}, {}};
  HostTensor loss_discriminator{"loss.discriminator", {steps}, {}};
  const auto image_floats = static_cast<std::size_t>(rows * image.size());
  const auto noise_floats = static_cast<std::size_t>(rows * config.latent);
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto s = static_cast<std::size_t>(step);
    backend->upload(gan.real_images(), real.data() + s * image_floats,
                    image_floats * sizeof(float));
    backend->upload(gan.noise(), noise.data() + s * noise_floats, noise_floats * sizeof(float));
    for (std::size_t n = 0; n < masks.size(); ++n) {
      const MaskTape& m = masks[n];
      backend->upload(gan.keep_mask(n), m.real.data() + s * m.per_step, m.per_step);
      backend->upload(gan.keep_mask(n) + m.per_step, m.fake.data() + s * m.per_step, m.per_step);
    }
    gan.train_step(rows, step, Gan::Masks::given);
    const StepLosses losses = gan.losses();
    loss_generator.data.push_back(losses.generator);
    loss_discriminator.data.push_back(losses.discriminator);
    if (step == 0) {
      HostTensor fake{"fake", {rows, image.height, image.width, image.channels}, {}};
      fake.data.resize(image_floats);
      backend->download(fake.data.data(), gan.fake_images(rows), image_floats * sizeof(float));
      result = download_gradients(gan);
      result.push_back(std::move(fake));
    }
  }
  for (HostTensor& tensor : download_state(gan)) result.push_back(std::move(tensor));
  result.push_back(std::move(loss_generator));
  result.push_back(std::move(loss_discriminator));
  write_safetensors(files.result, to_write(result), {{"preset", config.preset}});
}

}  // namespace dcgan
