#include "cli/evaluate_samples.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include "data/picture_files.h"
#include "dcgan/config.h"
#include "dcgan/error.h"
#include "dcgan/generator.h"
#include "evaluate/evaluator.h"
#include "image/image.h"
#include "io/npy.h"
#include "io/progress.h"
#include "io/safetensors.h"

namespace dcgan::cli {
namespace {

constexpr std::int64_t most_samples = 100'000, least_samples = 6;
constexpr std::int64_t picture = std::int64_t{judged_side} * judged_side;
constexpr const char* wanted = "expected 28x28 in grey, which is what the judge knows";

/// Appends pictures [n, picture] in [-1, 1] as bytes.
class Quantiser {
 public:
  Quantiser(std::string name, Samples& out) : name_(std::move(name)), out_(out) {}

  void add(const std::vector<float>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      constexpr float most = 1.001F;  // a little more than tanh may give
      if (!std::isfinite(values[i]))
        throw refused(i,
                      "that is no finite number: the network that made it has diverged; take "
                      "an earlier checkpoint");
      if (std::abs(values[i]) > most)
        throw refused(i,
                      "of " + std::to_string(values[i]) + "; expected [-1, 1], or bytes as uint8");
      least_ = std::min(least_, values[i]);
    }
    const std::vector<std::uint8_t> bytes = to_bytes(values);
    out_.pixels.insert(out_.pixels.end(), bytes.begin(), bytes.end());
  }
  /// After the last: [0, 1] would pass for pale pictures.
  void finish() const {
    if (least_ >= 0)
      throw Error(name_ +
                  ": no value is below 0; expected [-1, 1] (of x in [0, 1]: 2 x - 1), or "
                  "bytes as uint8");
  }

 private:
  Error refused(std::size_t value, const std::string& why) const {
    const std::size_t number = (out_.pixels.size() + value) / picture + 1;
    return Error(name_ + ": picture " + std::to_string(number) + " has a value " + why);
  }

  std::string name_;
  Samples& out_;
  float least_ = std::numeric_limits<float>::infinity();
};

/// How many of those that there are: all up to the default, or as many as were asked for.
std::int64_t checked_count(const EvaluateOptions& o, std::int64_t there_are) {
  if (there_are < least_samples)
    throw Error(o.samples + ": " + std::to_string(there_are) + " pictures; expected " +
                std::to_string(least_samples) + " or more");
  if (o.count && *o.count > there_are)
    throw Error(o.samples + ": " + std::to_string(there_are) + " pictures, fewer than --count " +
                std::to_string(*o.count));
  return std::min(there_are, o.count.value_or(default_samples));
}

Samples drawn(const EvaluateOptions& o) {
  Config options;  // the parser of settings knows what these may be
  set(options, "backend", o.backend);
  set(options, "seed", o.seed);
  if (!o.threads.empty()) set(options, "threads", o.threads);
  Generator generator(o.checkpoint, options.backend, o.threads.empty() ? -1 : options.threads);
  if (generator.height() != judged_side || generator.width() != judged_side ||
      generator.channels() != 1)
    throw Error(o.checkpoint + ": it makes pictures of " + std::to_string(generator.height()) +
                "x" + std::to_string(generator.width()) + "x" +
                std::to_string(generator.channels()) + "; " + wanted);
  Samples out;
  out.name = o.checkpoint + " (seed " + std::to_string(options.seed) + ")";
  out.count = o.count.value_or(default_samples);
  Quantiser quantiser(o.checkpoint, out);
  Progress progress("pictures drawn", static_cast<std::size_t>(out.count));
  constexpr std::int64_t at_once = 64;
  for (std::int64_t first = 0; first < out.count; first += at_once) {
    const std::int64_t n = std::min(at_once, out.count - first);
    quantiser.add(generator.sample(generator.draw_latents(first, n, options.seed),
                                   generator.labels_in_turn(first, n)));
    progress.done(static_cast<std::size_t>(first + n));
  }
  return out;
}

Samples of_array(const EvaluateOptions& o) {
  const NpyFile file(o.samples, NpyTypes::reals_or_bytes);
  std::vector<std::int64_t> shape = file.shape();
  if (shape.size() == 4 && shape[3] == 1) shape.pop_back();
  if (shape.size() != 3 || shape[1] != judged_side || shape[2] != judged_side)
    throw Error(o.samples + ": an array of shape " + to_string(file.shape()) + "; " + wanted +
                ": [N, 28, 28] or [N, 28, 28, 1]");
  Samples out;
  out.name = o.samples;
  out.count = checked_count(o, shape[0]);
  Quantiser quantiser(o.samples, out);
  constexpr std::int64_t at_once = 1000;
  for (std::int64_t first = 0; first < out.count; first += at_once) {
    const std::vector<float> values =
        file.values(first * picture, std::min(at_once, out.count - first) * picture);
    if (!file.holds_bytes())
      quantiser.add(values);
    else
      for (const float level : values) out.pixels.push_back(static_cast<std::uint8_t>(level));
  }
  if (!file.holds_bytes()) quantiser.finish();
  return out;
}

/// A picture of 28x28 whose channels, if it has several, are alike.
std::vector<std::uint8_t> grey_picture(const std::string& path) {
  const Image image = read_image(path);
  const std::string size = std::to_string(image.width) + "x" + std::to_string(image.height);
  if (image.width != judged_side || image.height != judged_side)
    throw Error(path + ": a picture of " + size + "; " + wanted);
  const auto channels = static_cast<std::size_t>(image.channels);
  std::vector<std::uint8_t> grey;
  for (std::size_t i = 0; i < image.pixels.size(); i += channels) {
    grey.push_back(image.pixels[i]);
    for (std::size_t c = 1; c < channels; ++c)
      if (image.pixels[i + c] != grey.back())
        throw Error(path + ": a picture in colour; " + wanted);
  }
  return grey;
}

Samples of_folder(const EvaluateOptions& o) {
  const std::vector<std::string> paths = find_pictures(o.samples).paths;
  Samples out;
  out.name = o.samples;
  out.count = checked_count(o, std::ssize(paths));
  Progress progress("pictures read", static_cast<std::size_t>(out.count));
  for (std::size_t i = 0; i < static_cast<std::size_t>(out.count); ++i) {
    const std::vector<std::uint8_t> pixels = grey_picture(paths[i]);
    out.pixels.insert(out.pixels.end(), pixels.begin(), pixels.end());
    progress.done(i + 1);
  }
  return out;
}

}  // namespace

void check_options(const EvaluateOptions& o) {
  if (o.checkpoint.empty() == o.samples.empty())
    throw UsageError("expected either --checkpoint F|DIR or --samples X.npy|DIR");
  if (o.count && (*o.count < least_samples || *o.count > most_samples))
    throw UsageError("--count " + std::to_string(*o.count) + ": must be from " +
                     std::to_string(least_samples) + " to " + std::to_string(most_samples));
}

Samples get_samples(const EvaluateOptions& o) {
  if (!o.checkpoint.empty()) return drawn(o);
  std::error_code none;
  if (std::filesystem::is_directory(o.samples, none)) return of_folder(o);
  return of_array(o);
}

}  // namespace dcgan::cli
