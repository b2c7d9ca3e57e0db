#include "evaluate/judge.h"

#include <algorithm>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/error.h"
#include "train/checkpoint.h"
#include "train/classifier.h"

namespace dcgan {
namespace {

constexpr std::int64_t rows_at_once = 250;

Config config_of(const SafetensorsFile& weights) {
  const auto found = weights.metadata().find("config");
  if (found == weights.metadata().end())
    throw Error(weights.path() +
                ": not a checkpoint of a classifier (no 'config' in its metadata)");
  Config config = config_from_json(found->second, weights.path());
  if (task_of(config.preset) != Task::classifier)
    throw Error(weights.path() + ": its preset '" + config.preset +
                "' is no classifier; name a checkpoint of one, such as preset judge");
  check_size(weights, config);  // before memory is allocated
  config.batch_size = rows_at_once;
  return config;
}

/// Appends device memory to a host's vector.
void append(Backend& backend, const float* device, std::int64_t count, std::vector<float>& host) {
  const std::size_t end = host.size();
  host.resize(end + static_cast<std::size_t>(count));
  backend.download(host.data() + end, device, static_cast<std::size_t>(count) * sizeof(float));
}

}  // namespace

Judge::Judge(Backend& backend, const SafetensorsFile& weights)
    : classifier_(std::make_unique<Classifier>(backend, config_of(weights))) {
  load_tensors(weights, *classifier_, Moments::reset);
}
Judge::~Judge() = default;

SampleShape Judge::image() const { return classifier_->spec().image; }

std::int64_t Judge::feature_size() const {
  return classifier_->network().last_layer_input().size();
}

Judged Judge::look_at(std::span<const std::uint8_t> pixels,
                      const std::function<void(std::int64_t)>& judged) {
  Judged out;
  Sequential& network = classifier_->network();
  Backend& backend = classifier_->backend();
  const PixelRange range = classifier_->spec().pixels;
  const std::int64_t size = image().size(), count = std::ssize(pixels) / size;
  std::vector<float> images;
  for (std::int64_t first = 0; first < count; first += rows_at_once) {
    const std::int64_t rows = std::min(rows_at_once, count - first);
    images.clear();
    for (const std::uint8_t byte : pixels.subspan(static_cast<std::size_t>(first * size),
                                                  static_cast<std::size_t>(rows * size)))
      images.push_back((static_cast<float>(byte) - range.offset) / range.scale);
    backend.upload(classifier_->images(), images.data(), images.size() * sizeof(float));
    const float* logits = network.forward(rows, classifier_->images(), Mode::inference);
    append(backend, network.last_layer_x(), rows * feature_size(), out.features);
    append(backend, logits, rows * network.output().size(), out.logits);
    if (judged) judged(first + rows);
  }
  return out;
}

}  // namespace dcgan
