// The table of settings: what each is called, means and may be.
#include "config/fields.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "dcgan/error.h"

namespace dcgan::config {
namespace {

constexpr std::int64_t million = 1'000'000;

std::vector<std::string> backend_names() { return {"auto", "cuda", "cpu", "simt", "simt-check"}; }

template <class T, class Access>
Whole<T> whole(Access member, T least, T most) {
  return {member, least, most};
}

template <class Access>
Whole<std::int64_t> count(Access member, std::int64_t least, std::int64_t most) {
  return {member, least, most};
}

// Adam takes float: an epsilon below 1e-30 or a beta above 0.999999 would come near to 0 and 1
// there, and a step would divide by zero.
constexpr double least_epsilon = 1e-30, most_beta = 0.999999;

template <AdamConfig Config::*network>
void add_adam(std::vector<Field>& all, const std::string& name) {
  all.push_back({name + ".learning_rate", "Adam's step size for the " + name,
                 Real{[](Config& c) -> double& { return (c.*network).learning_rate; }, 0, 10,
                      Bounds::above_low}});
  all.push_back({name + ".beta1", "decay of Adam's mean of gradients",
                 Real{[](Config& c) -> double& { return (c.*network).beta1; }, 0, most_beta,
                      Bounds::closed}});
  all.push_back({name + ".beta2", "decay of Adam's mean of squared gradients",
                 Real{[](Config& c) -> double& { return (c.*network).beta2; }, 0, most_beta,
                      Bounds::closed}});
  all.push_back({name + ".epsilon", "Adam's guard against division by zero",
                 Real{[](Config& c) -> double& { return (c.*network).epsilon; }, least_epsilon, 1,
                      Bounds::closed}});
  all.push_back({name + ".final_learning_rate",
                 "Adam's step size at the run's end, reached by a cosine; 0: it stays",
                 Real{[](Config& c) -> double& { return (c.*network).final_learning_rate; }, 0, 10,
                      Bounds::closed}});
  all.push_back({name + ".final_beta2", "beta2 at the run's end, likewise",
                 Real{[](Config& c) -> double& { return (c.*network).final_beta2; }, 0, most_beta,
                      Bounds::closed}});
}

std::vector<Field> make_fields() {
  using C = Config;
  using I = std::int64_t;
  std::vector<Field> all;
  all.push_back({"preset", "which networks; its other settings come along only with --preset",
                 Choice{[](C& c) -> std::string& { return c.preset; }, preset_names}});
  all.push_back({"backend", "where to compute",
                 Choice{[](C& c) -> std::string& { return c.backend; }, backend_names}});
  all.push_back({"precision",
                 "of dense layers and convolutions in training: fp32; tf32x3, about as exact, or "
                 "tf32, to 3 digits, on tensor cores (not on cpu)",
                 Choice{[](C& c) -> std::string& { return c.precision; },
                        [] {
                          return std::vector<std::string>{"fp32", "tf32x3", "tf32"};
                        }}});
  all.push_back({"data", "folder of the data set; empty: where it is usually found",
                 Path{[](C& c) -> std::string& { return c.data; }}});
  all.push_back({"data_checksum", "checksum of the pictures; empty: whatever is found is taken",
                 Path{[](C& c) -> std::string& { return c.data_checksum; }}});
  all.push_back({"init", "checkpoint whose weights a new run takes over; empty: drawn by seed",
                 Path{[](C& c) -> std::string& { return c.init; }}});
  all.push_back({"fit",
                 "how pictures become square: their centre, all of them in a frame, or squeezed; "
                 "legacy: squeezed, and neither turned nor laid on the background",
                 Choice{[](C& c) -> std::string& { return c.fit; },
                        [] {
                          return std::vector<std::string>{"crop", "pad", "squeeze", "legacy"};
                        }}});
  all.push_back({"background", "what shows behind transparent pictures, and around padded ones",
                 Choice{[](C& c) -> std::string& { return c.background; },
                        [] {
                          return std::vector<std::string>{"white", "black"};
                        }}});
  all.push_back({"channels", "of the pictures: 1, grey, or 3, colour; 0: the preset's own",
                 count([](C& c) -> I& { return c.channels; }, 0, 3)});
  all.push_back({"flip", "1: each picture is mirrored, left to right, in half of the epochs",
                 whole<int>([](C& c) -> int& { return c.flip; }, 0, 1)});
  all.push_back({"seed", "seed of everything random",
                 whole<std::uint64_t>([](C& c) -> std::uint64_t& { return c.seed; }, 0,
                                      std::numeric_limits<std::uint64_t>::max())});
  all.push_back({"epochs", "passes over the data set (vanilla-64: 100; its original trains longer)",
                 count([](C& c) -> I& { return c.epochs; }, 1, million)});
  all.push_back({"steps", "total number of training steps; 0: as many as the epochs have",
                 count([](C& c) -> I& { return c.steps; }, 0, million* million)});
  all.push_back(
      {"batch_size", "images per step", count([](C& c) -> I& { return c.batch_size; }, 1, 65536)});
  all.push_back({"threads", "threads of the cpu backend; 0: one per core that may be used",
                 whole<int>([](C& c) -> int& { return c.threads; }, 0, 1024)});
  add_adam<&C::generator>(all, "generator");
  add_adam<&C::discriminator>(all, "discriminator");
  add_adam<&C::classifier>(all, "classifier");
  all.push_back({"latent", "length of the noise vector",
                 count([](C& c) -> I& { return c.latent; }, 1, 65536)});
  all.push_back({"classes",
                 "how many labels, from 0 on, a classifier learns (0: 10), or both networks of a "
                 "GAN are told (0: none)",
                 count([](C& c) -> I& { return c.classes; }, 0, 256)});
  all.push_back({"width", "factor on the channels or units of every hidden layer",
                 Real{[](C& c) -> double& { return c.width; }, 1.0 / 64, 16, Bounds::closed}});
  all.push_back({"leaky_slope", "slope of LeakyReLU below zero",
                 Real{[](C& c) -> double& { return c.leaky_slope; }, 0, 1, Bounds::closed}});
  all.push_back({"dropout",
                 "share of a discriminator's or classifier's activations dropped in training",
                 Real{[](C& c) -> double& { return c.dropout; }, 0, 0.95, Bounds::closed}});
  all.push_back(
      {"label_smoothing", "how far targets are moved from 0 and 1",
       Real{[](C& c) -> double& { return c.label_smoothing; }, 0, 1, Bounds::below_high}});
  all.push_back({"discriminator_steps", "updates of the discriminator per update of the generator",
                 count([](C& c) -> I& { return c.discriminator_steps; }, 1, 1000)});
  all.push_back({"loss", "of each picture by itself, or of pairs: real against generated",
                 Choice{[](C& c) -> std::string& { return c.loss; },
                        [] {
                          return std::vector<std::string>{"cross-entropy", "relativistic"};
                        }}});
  all.push_back({"penalty",
                 "gamma of R1 and R2, penalties on the discriminator's slopes at real and at "
                 "generated pictures; 0: none",
                 Real{[](C& c) -> double& { return c.penalty; }, 0, 1e6, Bounds::closed}});
  all.push_back({"average",
                 "samples are drawn with averaged weights, whose half-life is this share of the "
                 "images seen, at most 500000; 0: with the last ones",
                 Real{[](C& c) -> double& { return c.average; }, 0, 1, Bounds::closed}});
  all.push_back(
      {"batch_norm.momentum", "decay of the moving statistics",
       Real{[](C& c) -> double& { return c.batch_norm_momentum; }, 0, 1, Bounds::below_high}});
  all.push_back({"batch_norm.epsilon", "added to the variance",
                 Real{[](C& c) -> double& { return c.batch_norm_epsilon; }, least_epsilon, 1,
                      Bounds::closed}});
  all.push_back({"checkpoint_every", "epochs between checkpoints",
                 count([](C& c) -> I& { return c.checkpoint_every; }, 1, million)});
  all.push_back({"pictures_every", "epochs between grids of samples, frames of the GIF",
                 count([](C& c) -> I& { return c.pictures_every; }, 1, million)});
  all.push_back({"evaluate_every",
                 "epochs between evaluations of samples beside the test images; 0: none are made",
                 count([](C& c) -> I& { return c.evaluate_every; }, 0, million)});
  all.push_back({"keep", "newest checkpoints that stay, and the best; 0: all stay",
                 count([](C& c) -> I& { return c.keep; }, 0, million)});
  all.push_back({"log_every", "steps between lines of the log",
                 count([](C& c) -> I& { return c.log_every; }, 1, million* million)});
  all.push_back({"tensorboard", "1: what is logged goes into event files for TensorBoard, too",
                 whole<int>([](C& c) -> int& { return c.tensorboard; }, 0, 1)});
  return all;
}

/// The key most like this one; "learning_rate" alone is near to "generator.learning_rate".
std::string nearest_key(const std::string& key) {
  const std::string start = key.substr(0, 64);
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const Field& field : fields()) {
    const std::string name = field.key.substr(field.key.find('.') + 1);  // or the whole key
    const std::size_t distance =
        std::min(edit_distance(start, field.key), edit_distance(start, name) + 1);
    if (distance < least) {
      least = distance;
      nearest = field.key;
    }
  }
  return nearest;
}

}  // namespace

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of a's first i to b's first j characters
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

const std::vector<Field>& fields() {
  static const std::vector<Field> all = make_fields();
  return all;
}

std::string excerpt(const std::string& text, std::size_t most_bytes) {
  std::string shown = text.substr(0, most_bytes);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return text.size() > most_bytes ? shown + "..." : shown;
}

const Field& find_field(std::string_view key) {
  for (const Field& field : fields())
    if (field.key == key) return field;
  throw UsageError("there is no setting \"" + excerpt(std::string(key)) + "\"; did you mean " +
                   nearest_key(std::string(key)) + "?");
}

}  // namespace dcgan::config
