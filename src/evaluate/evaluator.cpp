#include "evaluate/evaluator.h"

#include "dcgan/error.h"
#include "evaluate/classes.h"
#include "io/visible.h"

namespace dcgan {
namespace {

std::string shape_text(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
}

void check_shape(const Dataset& data, const SampleShape& known) {
  if (SampleShape{data.height, data.width, data.channels} == known) return;
  throw Error(visible(data.name) + ": images of " +
              shape_text(data.height, data.width, data.channels) + "; the judge knows " +
              shape_text(known.height, known.width, known.channels) +
              ", as Fashion-MNIST's: name such data with --data");
}

std::span<const std::uint8_t> first_of(const Dataset& data, std::int64_t count) {
  return std::span(data.pixels).first(static_cast<std::size_t>(count) * data.image_bytes());
}

RealImages judge_real(Judge& judge, const Dataset& training, std::int64_t beside,
                      const Dataset& test, int threads,
                      const std::function<void(std::int64_t)>& judged) {
  for (const Dataset* data : {&training, &test}) check_shape(*data, judge.image());
  const Judged of_tests = judge.look_at(first_of(test, test.count), judged);
  const Judged of_training = judge.look_at(first_of(training, beside), [&](std::int64_t n) {
    if (judged) judged(test.count + n);
  });
  RealImages real = describe_real(of_training, of_tests, judge.feature_size(), threads);
  real.name = training.name;
  real.class_names = test.label_names;
  if (!test.labels.empty())
    real.judge_accuracy =
        accuracy(predicted_classes(of_tests.logits, std::ssize(real.training.shares)), test.labels);
  return real;
}

}  // namespace

Evaluator::Evaluator(Judge& judge, const Dataset& training, std::int64_t beside,
                     const Dataset& test, int threads,
                     const std::function<void(std::int64_t)>& judged)
    : judge_(judge),
      threads_(threads),
      real_(judge_real(judge, training, beside, test, threads, judged)) {}

Evaluation Evaluator::evaluate(std::span<const std::uint8_t> pixels,
                               const std::function<void(std::int64_t)>& judged) const {
  return dcgan::evaluate(judge_.look_at(pixels, judged), real_, threads_);
}

}  // namespace dcgan
