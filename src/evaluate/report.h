// What an evaluation found, as numbers, as a table and as JSON.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/distances.h"
#include "evaluate/nearest.h"

namespace dcgan {

/// Pictures as a classifier sees them.
struct Judged {
  std::vector<float> features;  ///< [count, size]
  std::vector<float> logits;    ///< [count, classes]
};

/// A set of pictures beside the test images.
struct Comparison {
  std::int64_t samples = 0;
  Distances distances;
  double spread = 0;           ///< of its features; see Features::spread
  std::vector<double> shares;  ///< of each class; their number is the classifier's
  double class_entropy = 0;    ///< of the shares, in natural units
  std::vector<int> classes{};  ///< of each picture

  /// exp(class_entropy): so many equally frequent classes have that entropy.
  double effective_classes() const;
};

/// What evaluations beside the same real images share.
struct RealImages {
  // Said by the caller.
  std::string name;                      ///< what they are, for people
  std::vector<std::string> class_names;  ///< or none: then they have numbers
  std::optional<double> judge_accuracy;  ///< the classifier's, on the test images

  Features test;
  Comparison training;  ///< images of the training set, in the place of generated ones
};

/// `size`: of a feature vector. Throws Error for features that cannot be compared, naming the set.
RealImages describe_real(const Judged& training, const Judged& test, std::int64_t size,
                         int threads);

struct Evaluation {
  std::string samples, data;  ///< what they are, for people; the samples' is the caller's
  std::vector<std::string> class_names;  ///< or none: then they have numbers
  std::optional<double> judge_accuracy;  ///< the classifier's, on the test images

  std::int64_t test_images = 0;
  Comparison generated;
  Comparison real;  ///< images of the training set, in the place of generated ones
  std::optional<NearestTraining> nearest;  ///< where the caller looked for it

  /// For people: its name, else "class 3".
  std::string class_name(std::size_t i) const;
  /// Whether effective classes, coverage and spread have all fallen below half of what real images
  /// have: a generator that makes few different pictures.
  bool collapsed() const;
};

/// All figures. Throws Error as describe_real.
Evaluation evaluate(const Judged& generated, const RealImages& real, int threads);

/// The figures of the generated pictures alone, as one line.
std::string figures_json(const Evaluation& evaluation);
/// Each figure beside that of real images; ends with a newline.
std::string to_table(const Evaluation& evaluation);
/// One object, indented; ends with a newline.
std::string to_json(const Evaluation& evaluation);

}  // namespace dcgan
