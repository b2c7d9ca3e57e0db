#include "evaluate/report.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "dcgan/error.h"
#include "evaluate/classes.h"
#include "io/visible.h"

namespace dcgan {
namespace {

using Json = nlohmann::ordered_json;

/// A classifier that is right less often has been trained on other classes, or hardly at all.
constexpr double fit_judge = 0.5;

Features features_of(const char* what, const Judged& judged, std::int64_t size, int threads) {
  try {
    return describe_features(judged.features, size, threads);
  } catch (const Error& e) {
    throw Error(std::string(what) + ": " + e.what());
  }
}

Comparison compared(const char* what, const Judged& judged, const Features& test, int threads) {
  const Features features = features_of(what, judged, test.size, threads);
  Comparison c;
  c.samples = features.count;
  c.distances = compare(test, features, threads);
  c.spread = features.spread();
  const std::int64_t classes = std::ssize(judged.logits) / features.count;
  c.classes = predicted_classes(judged.logits, classes);
  c.shares = class_shares(c.classes, classes);
  c.class_entropy = entropy(c.shares);
  return c;
}

/// A line of the table, and an entry of the JSON.
struct Figure {
  const char *text, *key;
  int decimals;
  double generated, real;
};

std::vector<Figure> figures(const Evaluation& e) {
  const Comparison &g = e.generated, &r = e.real;
  const Distances &a = g.distances, &b = r.distances;
  return {
      {"Frechet distance", "frechet_distance", 4, a.frechet, b.frechet},
      {"kernel distance (MMD^2)", "kernel_distance", 6, a.kernel, b.kernel},
      {"precision", "precision", 4, a.precision, b.precision},
      {"recall", "recall", 4, a.recall, b.recall},
      {"density", "density", 4, a.density, b.density},
      {"coverage", "coverage", 4, a.coverage, b.coverage},
      {"spread of features", "spread", 4, g.spread, r.spread},
      {"class entropy", "class_entropy", 4, g.class_entropy, r.class_entropy},
      {"effective classes", "effective_classes", 2, g.effective_classes(), r.effective_classes()}};
}

std::string row(const std::string& text, const std::string& generated, const std::string& real) {
  return fmt::format("{:24}{:>14}{:>20}\n", text, generated, real);
}

}  // namespace

double Comparison::effective_classes() const { return std::exp(class_entropy); }

std::string Evaluation::class_name(std::size_t i) const {
  return i < class_names.size() ? visible(class_names[i]) : "class " + std::to_string(i);
}

bool Evaluation::collapsed() const {
  const auto fallen = [](double figure, double of_real) { return figure < of_real / 2; };
  return fallen(generated.effective_classes(), real.effective_classes()) &&
         fallen(generated.distances.coverage, real.distances.coverage) &&
         fallen(generated.spread, real.spread);
}

RealImages describe_real(const Judged& training, const Judged& test, std::int64_t size,
                         int threads) {
  RealImages real;
  real.test = features_of("test images", test, size, threads);
  real.training = compared("training images", training, real.test, threads);
  return real;
}

Evaluation evaluate(const Judged& generated, const RealImages& real, int threads) {
  Evaluation e;
  e.data = real.name;
  e.class_names = real.class_names;
  e.judge_accuracy = real.judge_accuracy;
  e.test_images = real.test.count;
  e.generated = compared("samples", generated, real.test, threads);
  e.real = real.training;
  return e;
}

std::string to_table(const Evaluation& e) {
  std::string text = fmt::format("{} beside the {} test images of {}\n", visible(e.samples),
                                 e.test_images, visible(e.data));
  if (e.judge_accuracy)
    text += fmt::format("the judge classifies {:.1f} % of these right{}\n", 100 * *e.judge_accuracy,
                        *e.judge_accuracy < fit_judge
                            ? ": it does not know such images, and its figures say little"
                            : "");
  text += '\n';
  text += row("", "samples", "real beside real");
  text += row("pictures", std::to_string(e.generated.samples), std::to_string(e.real.samples));
  for (const Figure& f : figures(e))
    text += row(f.text, fmt::format("{:.{}f}", f.generated, f.decimals),
                fmt::format("{:.{}f}", f.real, f.decimals));
  if (e.nearest)
    text += fmt::format(
        "\nnearest training picture, by pixels: {:.2f} for samples, {:.2f} for test images "
        "(medians of {} and {})\n",
        e.nearest->samples, e.nearest->test_images, e.nearest->count, e.nearest->test_count);
  text += "\nshares of classes\n";
  for (std::size_t i = 0; i < e.generated.shares.size(); ++i)
    text += row("  " + e.class_name(i), fmt::format("{:.1f} %", 100 * e.generated.shares[i]),
                fmt::format("{:.1f} %", 100 * e.real.shares[i]));
  text +=
      "\nreal beside real: training images in the place of samples, what a perfect generator "
      "would have\n";
  if (e.collapsed())
    text +=
        "collapsed: effective classes, coverage and spread are all below half of what real "
        "images have\n";
  return text;
}

std::string figures_json(const Evaluation& e) {
  Json json;
  for (const Figure& f : figures(e)) json[f.key] = f.generated;
  return json.dump();
}

std::string to_json(const Evaluation& e) {
  Json json = {{"samples", visible(e.samples)},
               {"data", visible(e.data)},
               {"test_images", e.test_images},
               {"collapsed", e.collapsed()}};
  if (e.judge_accuracy) json["judge_accuracy"] = *e.judge_accuracy;
  Json generated = {{"count", e.generated.samples}}, real = {{"count", e.real.samples}};
  for (const Figure& f : figures(e)) {
    generated[f.key] = f.generated;
    real[f.key] = f.real;
  }
  for (std::size_t i = 0; i < e.generated.shares.size(); ++i) {
    generated["class_shares"][e.class_name(i)] = e.generated.shares[i];
    real["class_shares"][e.class_name(i)] = e.real.shares[i];
  }
  json["generated"] = generated;
  json["real_beside_real"] = real;
  if (e.nearest)
    json["nearest_training_picture"] = {{"samples", e.nearest->samples},
                                        {"test_images", e.nearest->test_images}};
  return json.dump(1) + "\n";
}

}  // namespace dcgan
