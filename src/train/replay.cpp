// Tape in, result out; tools/keras/make_tape.py says what is in them.
#include "train/replay.h"

#include <cmath>

#include "backend/backend.h"
#include "dcgan/error.h"
#include "train/checkpoint.h"
#include "train/classifier.h"
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

/// Images of the whole tape: [steps, batch, height, width, channels]. Sets config's batch size.
struct ImageTape {
  std::int64_t steps, rows;
  std::vector<float> images;
};

ImageTape read_images(const SafetensorsFile& tape, const std::string& name, Config& config) {
  const Shape& shape = tape.shape(name);
  if (shape.size() != 5 || shape[0] < 1 || shape[1] < 1)
    throw Error(tape.path() + ": " + name + " has shape " + to_string(shape) +
                "; expected [steps, batch, height, width, channels]");
  config.batch_size = shape[1];
  const Shape wanted = shape_of({shape[0], shape[1]}, image_shape(config), false);
  return {shape[0], shape[1], tape.f32(name, wanted)};
}

/// The values of one step of a tape that has as many for each.
class StepsOf {
 public:
  StepsOf(const std::vector<float>& all, std::int64_t steps)
      : all_(all), size_(all.size() / static_cast<std::size_t>(steps)) {}
  void upload(Backend& backend, std::int64_t step, float* to) const {
    backend.upload(to, all_.data() + static_cast<std::size_t>(step) * size_, size_ * sizeof(float));
  }

 private:
  const std::vector<float>& all_;
  std::size_t size_;
};

/// Of the generator's inputs, [..., latent + classes], the classes.
std::vector<float> codes_behind(const std::vector<float>& inputs, const Config& config) {
  std::vector<float> codes;
  for (auto row = inputs.begin(); row != inputs.end(); row += config.latent + config.classes)
    codes.insert(codes.end(), row + config.latent, row + config.latent + config.classes);
  return codes;
}

/// One class for each image, as floats.
std::vector<float> read_labels(const SafetensorsFile& tape, const Config& config,
                               const Shape& shape) {
  std::vector<float> labels = tape.f32("labels", shape);
  const auto classes = static_cast<float>(classifier_spec(config).classes);
  for (const float label : labels)
    if (!(label >= 0 && label < classes && label == std::floor(label)))
      throw Error(tape.path() + ": labels holds values that are no class");
  return labels;
}

/// What replaying has measured, by name, and the first step's gradients; in the end the state.
class Result {
 public:
  Result(std::int64_t steps, const std::vector<std::string>& measures) {
    for (const std::string& name : measures) measures_.push_back({name, {steps}, {}});
  }
  void add(Model& model, std::int64_t step) {
    const Measures of_step = model.measures();
    for (std::size_t i = 0; i < measures_.size(); ++i)
      measures_[i].data.push_back(static_cast<float>(of_step[i]));
    if (step == 0) add(download_gradients(model));
  }
  void add(std::vector<HostTensor> tensors) {
    for (HostTensor& tensor : tensors) tensors_.push_back(std::move(tensor));
  }
  void write(const std::string& path, Model& model) {
    add(download_state(model));
    add(std::move(measures_));
    write_safetensors(path, to_write(tensors_), {{"preset", model.config().preset}});
  }

 private:
  std::vector<HostTensor> measures_, tensors_;
};

void replay_gan(Config config, const SafetensorsFile& tape, const ReplayFiles& files) {
  const SafetensorsFile weights(files.weights);
  const auto [steps, rows, real] = read_images(tape, "real", config);
  const std::vector<float> noise = tape.f32("noise", {steps, rows, generator_input(config).size()});

  const std::unique_ptr<Backend> backend = make_backend(config);
  Gan gan(*backend, config);
  load_tensors(weights, gan, Moments::reset);

  std::vector<MaskTape> masks;
  for (std::size_t n = 0; n < gan.discriminator().dropouts().size(); ++n)
    masks.push_back(read_masks(tape, config, steps, n, gan.discriminator().dropouts()[n].shape));

  std::vector<std::string> measures = {"loss.generator", "loss.discriminator"};
  if (config.penalty > 0) measures.emplace_back("penalty");
  Result result(steps, measures);
  const std::vector<float> codes = codes_behind(noise, config);
  const StepsOf real_of(real, steps), noise_of(noise, steps), codes_of(codes, steps);
  for (std::int64_t step = 0; step < steps; ++step) {
    real_of.upload(*backend, step, gan.real_images());
    noise_of.upload(*backend, step, gan.noise());
    if (config.classes > 0) codes_of.upload(*backend, step, gan.codes());
    gan.train_step(rows, step, [&, half = rows](std::int64_t pass_rows, std::uint32_t pass) {
      for (std::size_t n = 0; n < masks.size(); ++n) {
        const MaskTape& m = masks[n];
        std::uint8_t* to = gan.keep_mask(n);
        if (pass_rows == 2 * half) {
          backend->upload(to, m.real_half(step, pass), m.bytes_per_half);
          to += m.bytes_per_half;
        }
        backend->upload(to, m.fake_half(step, pass), m.bytes_per_half);
      }
    });
    result.add(gan, step);
    if (step > 0) continue;
    const SampleShape& image = gan.spec().image;
    HostTensor fake{"fake", {rows, image.height, image.width, image.channels}, {}};
    fake.data.resize(static_cast<std::size_t>(rows * image.size()));
    backend->download(fake.data.data(), gan.fake_images(rows), fake.data.size() * sizeof(float));
    result.add({std::move(fake)});
  }
  result.write(files.result, gan);
}

void replay_classifier(Config config, const SafetensorsFile& tape, const ReplayFiles& files) {
  const SafetensorsFile weights(files.weights);
  const auto [steps, rows, images] = read_images(tape, "images", config);
  const std::vector<float> labels = read_labels(tape, config, {steps, rows});

  const std::unique_ptr<Backend> backend = make_backend(config);
  Classifier classifier(*backend, config);
  load_tensors(weights, classifier, Moments::reset);
  if (!classifier.network().dropouts().empty())
    throw UsageError("a tape of a classifier has no masks: replay it with dropout=0");

  Result result(steps, {"loss", "accuracy"});
  const StepsOf images_of(images, steps), labels_of(labels, steps);
  for (std::int64_t step = 0; step < steps; ++step) {
    images_of.upload(*backend, step, classifier.images());
    labels_of.upload(*backend, step, classifier.labels());
    classifier.train_step(rows, step);
    result.add(classifier, step);
  }
  result.write(files.result, classifier);
}

}  // namespace

void replay(const Config& config, const ReplayFiles& files) {
  const SafetensorsFile tape(files.tape);
  if (task_of(config.preset) == Task::classifier)
    replay_classifier(config, tape, files);
  else
    replay_gan(config, tape, files);
}

}  // namespace dcgan
