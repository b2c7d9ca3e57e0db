#include "run/evaluation.h"

#include <algorithm>
#include <optional>
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

void check_pictures(const Config& config, const SampleShape& known) {
  const std::string asked = "evaluate_every=" + std::to_string(config.evaluate_every) +
                            ": preset '" + config.preset + "' makes ";
  if (task_of(config.preset) == Task::classifier)
    throw UsageError(asked + "no pictures; it is tested at every epoch's end anyway");
  if (image_shape(config) != known)
    throw UsageError(asked + "other pictures than the judge knows, which are of " +
                     std::to_string(known.height) + "x" + std::to_string(known.width) + " in grey");
}

}  // namespace

struct RunEvaluator::Impl {
  explicit Impl(const Trainer& trainer)
      : backend(make_backend(trainer.config().backend, trainer.config().threads)),
        judge(*backend, shipped_judge()) {
    const Config& config = trainer.config();
    check_pictures(config, judge.image());
    const Dataset test = read_data(config, images_wanted(config), Split::test);
    samples = std::min(default_samples, test.count);
    evaluator.emplace(judge, trainer.dataset(), std::min(samples, trainer.dataset().count), test,
                      processors_for(config.threads));
  }

  std::unique_ptr<Backend> backend;
  Judge judge;
  std::int64_t samples = 0;
  std::optional<Evaluator> evaluator;
};

RunEvaluator::RunEvaluator(Trainer& trainer) : trainer_(trainer) {
  if (trainer.config().evaluate_every > 0) impl_ = std::make_unique<Impl>(trainer);
}

RunEvaluator::~RunEvaluator() = default;

bool RunEvaluator::has_turn(std::int64_t epoch, bool last_of_run) const {
  return impl_ && (last_of_run || epoch % trainer_.config().evaluate_every == 0);
}

Evaluation RunEvaluator::evaluate() {
  const std::vector<float> samples =
      trainer_.sample(impl_->samples, trainer_.config().seed ^ seed_offset);
  return impl_->evaluator->evaluate(to_bytes(samples));
}

}  // namespace dcgan
