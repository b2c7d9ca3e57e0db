// Every setting of a run, its presets, and their JSON and key=value forms.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace dcgan {

struct AdamConfig {
  double learning_rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double epsilon = 1e-7;
  double final_learning_rate = 0;  ///< at the run's end, reached by a cosine; 0: it stays
  double final_beta2 = 0;          ///< likewise
};

/// A run is reproduced by its Config alone, with the same data and on the same backend.
struct Config {
  std::string preset = "dcgan";
  std::string backend = "auto";
  std::string precision = "fp32";  ///< of products in training; or tf32x3, tf32: on tensor cores
  std::string data;                ///< file or folder; empty: where the data set is usually found
  std::string data_checksum;       ///< of its pictures, as checksum() says; empty: any pictures
  std::string init;  ///< a checkpoint whose weights a new run takes over; empty: drawn by seed
  std::string fit = "crop";          ///< how pictures become square: crop, pad, squeeze, legacy
  std::string background = "white";  ///< behind transparent and around padded pictures; or black
  std::int64_t channels = 0;         ///< of the pictures: 1 (grey) or 3; 0: the preset's own
  int flip = 0;                      ///< 1: pictures are mirrored, left to right, at random
  std::uint64_t seed = 1;
  std::int64_t epochs = 10;
  std::int64_t steps = 0;  ///< total number of training steps; 0: as many as the epochs have
  std::int64_t batch_size = 256;
  int threads = 0;  ///< 0: one per core

  AdamConfig generator;
  AdamConfig discriminator;
  AdamConfig classifier = {.learning_rate = 1e-3, .beta1 = 0.9};  ///< Keras's defaults
  std::int64_t latent = 100;
  std::int64_t classes = 0;  ///< that a classifier learns (0: 10), or a GAN is told (0: none)
  double width = 1;          ///< factor on the number of channels or units of every hidden layer
  double leaky_slope = 0.3;
  double dropout = 0.3;
  double label_smoothing = 0;
  std::int64_t discriminator_steps = 1;
  std::string loss = "cross-entropy";  ///< or relativistic: of pairs, real against generated
  double penalty = 0;  ///< gamma of R1 and R2: gamma / 2 * mean |dD/dx|^2 of real and of generated
  double average = 0;  ///< half-life of the averaged generator, as a share of the images seen
  double batch_norm_momentum = 0.99;
  double batch_norm_epsilon = 1e-3;

  std::int64_t checkpoint_every = 1;  ///< epochs
  std::int64_t pictures_every = 1;    ///< epochs
  std::int64_t evaluate_every = 0;    ///< epochs between evaluations of the samples; 0: never
  std::int64_t keep = 0;              ///< newest checkpoints that stay, and the best; 0: all stay
  std::int64_t log_every = 1;         ///< steps
  int tensorboard = 0;                ///< 1: what is logged goes into event files, too
};

/// "vanilla", "dcgan", "modern", "tf-tutorial", "vanilla-64", "dcgan-32", "dcgan-64", "dcgan-128",
/// "classifier", "judge".
std::vector<std::string> preset_names();

/// The settings of a preset. Throws UsageError naming the known ones.
Config preset_config(const std::string& name);

/// A preset's name in titles: "Vanilla GAN". Throws UsageError naming the known ones.
std::string preset_title(const std::string& name);

/// A setting as help and `info` show it.
struct SettingInfo {
  std::string key;
  std::string value;
  std::string help;
};
std::vector<SettingInfo> settings(const Config& config);

/// Changes one setting. Throws UsageError for an unknown key or a value out of range.
void set(Config& config, const std::string& key, const std::string& value);

/// Run folders add a list of this name to the settings: what resumed runs have changed. It is no
/// setting, and passed over.
constexpr const char* changed_on_resume = "changed_on_resume";

/// All settings as a JSON object, and back. `where` names the source in errors. Unknown keys, wrong
/// types and values out of range throw Error.
std::string to_json(const Config& config);
Config config_from_json(const std::string& text, const std::string& where);

}  // namespace dcgan
