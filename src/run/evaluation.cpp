#include "run/evaluation.h"

#include <algorithm>
#include <string>

#include "backend/backend.h"
#include "backend/machine_limits.h"
#include "data/data_source.h"
#include "dcgan/error.h"
#include "evaluate/evaluator.h"
#include "image/image.h"
#include "models/models.h"
#include "train/images_wanted.h"

namespace dcgan {
namespace {

// Every evaluation of a run is of the same noise, which no grid shows.
constexpr std::uint64_t seed_offset = 0xD1B54A32D192ED03u;

void check_preset(const Config& config) {
  const std::string asked = "evaluate_every=" + std::to_string(config.evaluate_every) + ": ";
  if (task_of(config.preset) == Task::classifier)
    throw UsageError(asked + "preset '" + config.preset +
                     "' makes no pictures; it is tested at every epoch's end anyway");
  if (image_shape(config) != SampleShape{28, 28, 1})
    throw UsageError(asked + "the judge knows pictures of 28x28 in grey, which preset '" +
                     config.preset + "' does not make");
}

}  // namespace

struct RunEvaluator::Impl {
  explicit Impl(const Trainer& trainer)
      : Impl(trainer, read_data(trainer.config(), images_wanted(trainer.config()), Split::test)) {}

  Impl(const Trainer& trainer, const Dataset& test)
      : samples(std::min(default_samples, test.count)),
        backend(make_backend(trainer.config().backend, trainer.config().threads)),
        judge(*backend, shipped_judge()),
        evaluator(judge, trainer.dataset(), std::min(samples, trainer.dataset().count), test,
                  processors_for(trainer.config().threads)) {}

  std::int64_t samples;
  std::unique_ptr<Backend> backend;
  Judge judge;
  Evaluator evaluator;
};

RunEvaluator::RunEvaluator(Trainer& trainer) : trainer_(trainer) {
  if (trainer.config().evaluate_every == 0) return;
  check_preset(trainer.config());
  impl_ = std::make_unique<Impl>(trainer);
}

RunEvaluator::~RunEvaluator() = default;

bool RunEvaluator::has_turn(std::int64_t epoch, bool last_of_run) const {
  return impl_ && (last_of_run || epoch % trainer_.config().evaluate_every == 0);
}

Evaluation RunEvaluator::evaluate() {
  const std::vector<float> samples =
      trainer_.sample(impl_->samples, trainer_.config().seed ^ seed_offset);
  return impl_->evaluator.evaluate(to_bytes(samples));
}

}  // namespace dcgan
