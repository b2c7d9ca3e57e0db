// One training step, in the words of Goodfellow et al. (2014) and of the Keras notebook.
#include "train/gan.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "dcgan/error.h"

namespace dcgan {
namespace {

bool is_relativistic(const Config& config) { return config.loss == "relativistic"; }

/// config, checked to make sense.
const Config& checked(const Config& config) {
  if (config.discriminator_steps > 1 && (config.penalty > 0 || is_relativistic(config)))
    throw UsageError("discriminator_steps=" + std::to_string(config.discriminator_steps) +
                     " goes with neither a penalty nor loss=relativistic");
  return config;
}

// The step number tells chunks apart, so that a sample depends on seed and index alone only while
// the chunk is fixed: it is, whatever the batch size.
constexpr std::int64_t sample_chunk = 64;

Penalty penalty_of(const Config& config) {
  return config.penalty > 0 ? Penalty::gradient : Penalty::none;
}

/// Adam's steps within a training step: the generator's first, then the discriminator's.
std::int64_t updates_of_gan(const Config& config) { return 1 + config.discriminator_steps; }

RandomAddress sample_address(std::uint64_t seed, std::int64_t first) {
  return {seed, random_stream::sample, static_cast<std::uint64_t>(first / sample_chunk)};
}

}  // namespace

Gan::Memory Gan::allocate_memory(const Config& config,
                                 const std::function<Buffer(std::size_t bytes)>& allocate) {
  const GanSpec spec = gan_spec(config);
  const std::int64_t rows = config.batch_size, image = spec.image.size();
  std::int64_t averaged = 0, averaged_moving = 0;
  if (config.average > 0) {
    const Network generator = build_network("generator", spec.generator, generator_input(config));
    averaged = generator.flat_size;
    averaged_moving = generator.moving_size;
  }
  const auto floats = [&](std::int64_t n) {
    return n == 0 ? Buffer() : allocate(static_cast<std::size_t>(n) * sizeof(float));
  };
  return {.images = floats(2 * rows * image),
          .noise = floats(rows * generator_input(config).size()),
          .codes = floats(2 * rows * config.classes),
          .code_adjoint = floats(config.penalty > 0 ? 0 : 2 * rows * config.classes),
          .logits = floats(2 * rows * std::max<std::int64_t>(1, config.classes)),
          .discriminator_adjoint = floats(2 * rows),
          .generator_adjoint = floats(rows),
          .ratio = floats(rows),
          .image_gradient = floats((config.penalty > 0 ? 2 : 1) * rows * image),
          .alternating_losses = floats(config.discriminator_steps > 1 ? 2 : 0),
          .average_values = floats(averaged),
          .average_moving = floats(averaged_moving)};
}

std::int64_t Gan::bytes(const Config& config) {
  const GanSpec spec = gan_spec(config);
  std::int64_t sum =
      StepStates::bytes(updates_of_gan(config)) +
      Sequential::size_of(spec.generator, generator_input(config), config.batch_size).bytes +
      Sequential::size_of(spec.discriminator, spec.image, 2 * config.batch_size, penalty_of(config))
          .bytes;
  allocate_memory(config, [&](std::size_t n) {
    sum += static_cast<std::int64_t>(n);
    return Buffer();
  });
  return sum;
}

Gan::Gan(Backend& backend, const Config& config)
    : Model(backend, checked(config), updates_of_gan(config)),
      spec_(gan_spec(config)),
      generator_(backend, "generator", spec_.generator, generator_input(config), config.batch_size),
      discriminator_(backend, "discriminator", spec_.discriminator, spec_.image,
                     2 * config.batch_size, penalty_of(config)),
      memory_(allocate_memory(config, [&](std::size_t bytes) { return backend.allocate(bytes); })) {
  generator_.initialise(config.seed);
  discriminator_.initialise(config.seed);
  if (averages()) begin_average();
}

std::optional<Average> Gan::average() {
  if (!averages()) return std::nullopt;
  return Average{&generator_, average_values(), average_moving()};
}

void Gan::begin_average() {
  const auto in_bytes = [](std::int64_t floats) {
    return static_cast<std::size_t>(floats) * sizeof(float);
  };
  backend_.copy(average_values(), generator_.values(), in_bytes(generator_.flat_size()));
  backend_.copy(average_moving(), generator_.moving(), in_bytes(generator_.moving_size()));
}

void Gan::evaluate_loss(std::int64_t rows, float* losses, float* adjoint_sum) {
  // Keras's label smoothing moves both targets towards 1/2.
  const auto smoothing = static_cast<float>(config_.label_smoothing);
  const float high = 1 - smoothing / 2, low = smoothing / 2;
  backend_.gan_loss({.batch = rows,
                     .real_target = high,
                     .fake_target = low,
                     .generator_target = high,
                     .logits = memory_.logits.f32(),
                     .discriminator_adjoint = memory_.discriminator_adjoint.f32(),
                     .generator_adjoint = memory_.generator_adjoint.f32(),
                     .ratio = memory_.ratio.f32(),
                     .losses = losses,
                     .relativistic = is_relativistic(config_),
                     .columns = std::max<std::int64_t>(1, config_.classes),
                     .codes = tells_classes() ? memory_.codes.f32() : nullptr,
                     .adjoint_sum = adjoint_sum});
}

void Gan::update_both() { backend_.adam({update(generator_, 0), update(discriminator_, 1)}); }

void Gan::set_updates(const Batch& batch, std::int64_t step, StepState& state) const {
  const AdamConfig generator = scheduled(config_.generator, batch.progress),
                   discriminator = scheduled(config_.discriminator, batch.progress);
  state.updates = {adam_factors(generator, step + 1)};
  for (std::int64_t pass = 1; pass <= config_.discriminator_steps; ++pass)
    state.updates.push_back(adam_factors(discriminator, step * config_.discriminator_steps + pass));
  if (!averages()) return;
  // Karras et al. (2018, 2023): half of the average are the weights of the last `half_life` images.
  constexpr double longest_half_life = 500'000;
  const double images = static_cast<double>(step + 1) * static_cast<double>(config_.batch_size);
  const double half_life = std::min(longest_half_life, config_.average * images);
  const double beta = std::exp2(-static_cast<double>(batch.rows) / half_life);
  state.average = {static_cast<float>(1 - beta), static_cast<float>(beta)};
}

void Gan::update_average() {
  const auto blend = [&](std::int64_t n, const float* values, float* average) {
    if (n == 0) return;
    backend_.weighted_sum({1, n, 0, nullptr, values, 0, average, average, states_.average()});
  };
  blend(generator_.flat_size(), generator_.values(), average_values());
  blend(generator_.moving_size(), generator_.moving(), average_moving());
}

void Gan::run_step(const Batch& batch) {
  load_images(batch, spec_.image, {}, true, real_images());
  const NormalDraw noise_draw{address_in_step(random_stream::noise),
                              batch.rows * generator_input(config_).size(), noise()};
  backend_.draw(noise_draw, mask_draws(discriminator_, 2 * batch.rows, 0));
  load_codes(batch);
  run_step(batch.rows, [&](std::int64_t rows, std::uint32_t pass) {
    if (pass > 0) draw_masks(discriminator_, rows, pass);
  });
}

/// The classes of the real images, which the generated ones beside them have, too.
void Gan::load_codes(const Batch& batch) {
  if (!tells_classes()) return;
  load_labels(batch, codes(), config_.classes);
  load_labels(batch, noise() + config_.latent, config_.classes, generator_input(config_).size());
}

void Gan::train_step(std::int64_t rows, std::int64_t step, const PlaceMasks& place_masks) {
  const Batch filled{.rows = rows};
  send_states({&filled, 1}, step);
  const PlaceMasks draw = [&](std::int64_t mask_rows, std::uint32_t pass) {
    draw_masks(discriminator_, mask_rows, pass);
  };
  run_step(rows, place_masks ? place_masks : draw);
}

void Gan::run_step(std::int64_t rows, const PlaceMasks& masks) {
  const std::int64_t half = rows * config_.classes;
  if (tells_classes())
    backend_.copy(codes() + half, codes(), static_cast<std::size_t>(half) * sizeof(float));
  float* fake = real_images() + rows * spec_.image.size();
  generator_.forward(rows, memory_.noise.f32(), Mode::training, fake);
  if (config_.discriminator_steps > 1)
    alternating_step(rows, masks);
  else if (config_.penalty > 0)
    penalised_step(rows, masks);
  else
    simultaneous_step(rows, masks);
  if (averages()) update_average();
}

void Gan::evaluate_discriminator(std::int64_t rows, std::uint32_t pass,
                                 const PlaceMasks& place_masks) {
  place_masks(2 * rows, pass);
  discriminator_.forward(2 * rows, memory_.images.f32(), Mode::training, memory_.logits.f32());
  evaluate_loss(rows, states_.measures(), discriminator_.last_bias());
}

/// The gradient of the logits of `rows` rows, whose losses have these adjoints.
BackwardPass Gan::from_adjoint(std::int64_t rows, Buffer& adjoint) {
  if (!tells_classes())
    return {
        .rows = rows, .dy = adjoint.f32(), .last_bias_done = discriminator_.last_bias() != nullptr};
  backend_.copy(memory_.code_adjoint.f32(), codes(),
                static_cast<std::size_t>(rows * config_.classes) * sizeof(float));
  return {.rows = rows, .dy = memory_.code_adjoint.f32(), .sample_scale = adjoint.f32()};
}

void Gan::backward_generator_loss(std::int64_t rows, std::int64_t first_fake) {
  BackwardPass of_fakes = from_adjoint(rows, memory_.generator_adjoint);
  of_fakes.first_row = first_fake;
  of_fakes.parameter_gradients = false;
  of_fakes.dx = memory_.image_gradient.f32();
  of_fakes.dx_rows = rows;
  backward_both(of_fakes, {.rows = rows, .dy = memory_.image_gradient.f32()});
}

/// Through both networks; of the image's gradient the discriminator makes that before the
/// generator's last activation.
void Gan::backward_both(BackwardPass of_discriminator, BackwardPass of_generator) {
  const auto between = generator_.last_epilogue(of_generator);
  of_discriminator.dx_epilogue = between ? &*between : nullptr;
  of_generator.last_epilogue_done = between.has_value();
  discriminator_.backward(of_discriminator);
  generator_.backward(of_generator);
}

// Both gradients are taken before either update.
void Gan::simultaneous_step(std::int64_t rows, const PlaceMasks& place_masks) {
  evaluate_discriminator(rows, 0, place_masks);
  if (config_.label_smoothing == 0 && !is_relativistic(config_)) {
    // On the fake half the losses differ by one factor per sample at the logit, and backward is
    // linear: the discriminator's own pass yields the generator's image gradient up to that factor.
    BackwardPass both = from_adjoint(2 * rows, memory_.discriminator_adjoint);
    both.dx = memory_.image_gradient.f32();
    both.dx_first_row = rows;
    both.dx_rows = rows;
    backward_both(
        both,
        {.rows = rows, .dy = memory_.image_gradient.f32(), .sample_scale = memory_.ratio.f32()});
  } else {
    backward_generator_loss(rows, rows);
    discriminator_.backward(from_adjoint(2 * rows, memory_.discriminator_adjoint));
  }
  update_both();
}

// R1 and R2. The slopes dD/dx of the penalty, times dL_G/dD, are the generator's gradient, too.
void Gan::penalised_step(std::int64_t rows, const PlaceMasks& place_masks) {
  evaluate_discriminator(rows, 0, place_masks);
  discriminator_.backward_penalised(
      {.rows = 2 * rows,
       .adjoint = memory_.discriminator_adjoint.f32(),
       .factor = static_cast<float>(config_.penalty / static_cast<double>(rows)),
       .dx = memory_.image_gradient.f32(),
       .squared_norm = states_.measures() + 2,
       .codes = tells_classes() ? codes() : nullptr});
  generator_.backward({.rows = rows,
                       .dy = memory_.image_gradient.f32() + rows * spec_.image.size(),
                       .sample_scale = memory_.generator_adjoint.f32()});
  update_both();
}

// Several discriminator updates on one batch, then the generator against the updated discriminator.
void Gan::alternating_step(std::int64_t rows, const PlaceMasks& place_masks) {
  const auto passes = static_cast<std::uint32_t>(config_.discriminator_steps);
  for (std::uint32_t pass = 0; pass < passes; ++pass) {
    evaluate_discriminator(rows, pass, place_masks);
    discriminator_.backward(from_adjoint(2 * rows, memory_.discriminator_adjoint));
    backend_.adam({update(discriminator_, 1 + pass)});
  }
  place_masks(rows, passes);
  discriminator_.forward(rows, fake_images(rows), Mode::training,
                         memory_.logits.f32() + rows * discriminator_.output().size());
  // The discriminator's loss is that of its last update, not of the pass made for the generator.
  evaluate_loss(rows, memory_.alternating_losses.f32(), nullptr);
  backend_.copy(states_.measures(), memory_.alternating_losses.f32(), sizeof(float));
  backward_generator_loss(rows, 0);
  backend_.adam({update(generator_, 0)});
}

/// Both losses without the penalty, and mean |dD/dx|^2 of the real pictures and of the generated,
/// added up.
Measures Gan::to_measures(const StepStates::StepMeasures& left, std::int64_t rows) const {
  const float penalty = left[2] / static_cast<float>(rows);  // of their sum a mean
  return {static_cast<double>(left[0]), static_cast<double>(left[1]), static_cast<double>(penalty)};
}

/// While it lives, the generator has the averaged weights, if there are any.
class Gan::Averaged {
 public:
  explicit Averaged(Gan& gan) : gan_(gan) { swap(); }
  ~Averaged() { swap(); }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  void swap() {
    if (gan_.averages())
      gan_.generator_.swap_parameters(gan_.memory_.average_values, gan_.memory_.average_moving);
  }
  Gan& gan_;
};

void Gan::generate(std::int64_t rows, const float* inputs, float* images) {
  const Averaged averaged(*this);
  const std::int64_t image = spec_.image.size(), at_once = std::min(rows, config_.batch_size);
  for (std::int64_t i = 0; i < rows; i += at_once) {
    const std::int64_t n = std::min(at_once, rows - i);
    const float* y = generator_.forward(n, inputs + i * generator_.input().size(), Mode::inference);
    backend_.download(images + i * image, y, static_cast<std::size_t>(n * image) * sizeof(float));
  }
}

std::vector<float> Gan::sample(std::int64_t count, std::uint64_t seed) {
  return sample(draw_latents(0, count, seed), {});
}

std::vector<std::uint8_t> Gan::labels_in_turn(std::int64_t first, std::int64_t count) const {
  std::vector<std::uint8_t> labels;
  for (std::int64_t i = first; tells_classes() && i < first + count; ++i)
    labels.push_back(static_cast<std::uint8_t>(i % config_.classes));
  return labels;
}

std::vector<float> Gan::generator_inputs(std::span<const float> latents,
                                         std::span<const std::uint8_t> labels) const {
  const std::int64_t latent = config_.latent, classes = config_.classes;
  const std::int64_t count = std::ssize(latents) / latent;
  if (count * latent != std::ssize(latents))
    throw Error(std::to_string(latents.size()) + " numbers are no latent vectors of " +
                std::to_string(latent));
  if (!labels.empty() && std::ssize(labels) != count)
    throw Error(std::to_string(labels.size()) + " labels for " + std::to_string(count) +
                " latent vectors");
  for (const std::uint8_t label : labels)
    if (label >= classes)
      throw Error("label " + std::to_string(label) + ", but the GAN knows " +
                  std::to_string(classes) + " classes, from 0");
  if (!tells_classes()) return {latents.begin(), latents.end()};
  const std::vector<std::uint8_t> in_turn = labels_in_turn(0, count);
  if (labels.empty()) labels = in_turn;
  const std::int64_t size = latent + classes;
  std::vector<float> inputs(static_cast<std::size_t>(count * size), 0.0F);
  for (std::int64_t i = 0; i < count; ++i) {
    float* input = inputs.data() + i * size;
    std::copy_n(latents.data() + i * latent, latent, input);
    input[latent + labels[static_cast<std::size_t>(i)]] = 1;
  }
  return inputs;
}

std::vector<float> Gan::sample(std::span<const float> latents,
                               std::span<const std::uint8_t> labels) {
  const std::vector<float> inputs = generator_inputs(latents, labels);
  const std::int64_t size = generator_input(config_).size(), image = spec_.image.size();
  const std::int64_t count = std::ssize(inputs) / size;
  std::vector<float> samples(static_cast<std::size_t>(count * image));
  const Buffer chunk =
      backend_.allocate(static_cast<std::size_t>(sample_chunk * size) * sizeof(float));
  for (std::int64_t first = 0; first < count; first += sample_chunk) {
    const std::int64_t rows = std::min(sample_chunk, count - first);
    backend_.upload(chunk.f32(), inputs.data() + first * size,
                    static_cast<std::size_t>(rows * size) * sizeof(float));
    generate(rows, chunk.f32(), samples.data() + first * image);
  }
  return samples;
}

std::vector<float> Gan::draw_latents(std::int64_t first, std::int64_t count, std::uint64_t seed) {
  const std::int64_t latent = config_.latent, end = first + count;
  std::vector<float> latents(static_cast<std::size_t>(count * latent));
  const Buffer noise =
      backend_.allocate(static_cast<std::size_t>(sample_chunk * latent) * sizeof(float));
  for (std::int64_t at = first; at < end;) {
    const std::int64_t chunk = at - at % sample_chunk, stop = std::min(chunk + sample_chunk, end);
    backend_.draw_normal({sample_address(seed, chunk), (stop - chunk) * latent, noise.f32()});
    backend_.download(latents.data() + (at - first) * latent, noise.f32() + (at - chunk) * latent,
                      static_cast<std::size_t>((stop - at) * latent) * sizeof(float));
    at = stop;
  }
  return latents;
}

}  // namespace dcgan
