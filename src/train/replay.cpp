// Tape in, result out; tools/keras/make_tape.py says what is in them.
#include "train/replay.h"

#include "backend/backend.h"
#include "dcgan/error.h"
#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan {
namespace {

using Shape = std::vector<std::int64_t>;

/// {leading ..., height, width, channels}, or if flat {leading ..., size}.
Shape shape_of(Shape leading, const SampleShape& sample, bool flat) {
  if (flat)
    leading.push_back(sample.size());
  else
    leading.insert(leading.end(), {sample.height, sample.width, sample.channels});
  return leading;
}

/// One dropout layer's masks of the whole tape. A step that alternates discriminator and generator
/// passes has one half of real rows per discriminator pass, and one more of generated rows, for the
/// generator's.
struct MaskTape {
  std::vector<std::uint8_t> real, fake;
  std::size_t bytes_per_half = 0;
  std::int64_t real_passes = 1, fake_passes = 1;

  const std::uint8_t* real_half(std::int64_t step, std::int64_t pass) const {
    return real.data() + static_cast<std::size_t>(step * real_passes + pass) * bytes_per_half;
  }
  const std::uint8_t* fake_half(std::int64_t step, std::int64_t pass) const {
    return fake.data() + static_cast<std::size_t>(step * fake_passes + pass) * bytes_per_half;
  }
};

std::vector<std::uint8_t> read_mask(const SafetensorsFile& tape, const std::string& name,
                                    const Shape& shape) {
  std::vector<std::uint8_t> mask = tape.u8(name, shape);
  for (const std::uint8_t keep : mask)
    if (keep > 1) throw Error(tape.path() + ": " + name + " holds values other than 0 and 1");
  return mask;
}

MaskTape read_masks(const SafetensorsFile& tape, const Config& config, std::int64_t steps,
                    std::size_t layer, const SampleShape& shape) {
  const std::int64_t rows = config.batch_size, passes = config.discriminator_steps;
  const bool flat = shape.height == 1 && shape.width == 1, alternating = passes > 1;
  const auto wanted = [&](std::int64_t halves) {
    return shape_of(alternating ? Shape{steps, halves, rows} : Shape{steps, rows}, shape, flat);
  };
  MaskTape masks;
  masks.bytes_per_half = static_cast<std::size_t>(rows * shape.size());
  if (alternating) masks.real_passes = passes, masks.fake_passes = passes + 1;
  const std::string suffix = ".dropout" + std::to_string(layer + 1);
  masks.real = read_mask(tape, "mask.real" + suffix, wanted(masks.real_passes));
  masks.fake = read_mask(tape, "mask.fake" + suffix, wanted(masks.fake_passes));
  return masks;
}

}  // namespace

void replay(Config config, const ReplayFiles& files) {
  const SafetensorsFile tape(files.tape);
  const SafetensorsFile weights(files.weights);
  const SampleShape image = gan_spec(config).image;
  const Shape& real_shape = tape.shape("real");
  if (real_shape.size() != 5 || real_shape[0] < 1 || real_shape[1] < 1)
    throw Error(files.tape + ": real has shape " + to_string(real_shape) +
                "; expected [steps, batch, height, width, channels]");
  const std::int64_t steps = real_shape[0], rows = real_shape[1];
  config.batch_size = rows;
  const std::vector<float> real = tape.f32("real", shape_of({steps, rows}, image, false));
  const std::vector<float> noise = tape.f32("noise", {steps, rows, config.latent});

  const std::unique_ptr<Backend> backend = make_backend(config.backend, config.threads);
  Gan gan(*backend, config);
  load_tensors(weights, gan, Moments::reset);

  std::vector<MaskTape> masks;
  for (std::size_t n = 0; n < gan.discriminator().dropouts().size(); ++n)
    masks.push_back(read_masks(tape, config, steps, n, gan.discriminator().dropouts()[n].shape));

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
    gan.train_step(rows, step, [&](std::int64_t pass_rows, std::uint32_t pass) {
      for (std::size_t n = 0; n < masks.size(); ++n) {
        const MaskTape& m = masks[n];
        std::uint8_t* to = gan.keep_mask(n);
        if (pass_rows == 2 * rows) {
          backend->upload(to, m.real_half(step, pass), m.bytes_per_half);
          to += m.bytes_per_half;
        }
        backend->upload(to, m.fake_half(step, pass), m.bytes_per_half);
      }
    });
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
