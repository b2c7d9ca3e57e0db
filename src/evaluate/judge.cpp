#include "evaluate/judge.h"

#include <algorithm>
#include <vector>

#include "dcgan/config.h"
#include "dcgan/error.h"

namespace dcgan {
namespace {

constexpr std::int64_t rows_at_once = 250;

ClassifierSpec spec_of(const SafetensorsFile& weights) {
  const auto config = weights.metadata().find("config");
  if (config == weights.metadata().end())
    throw Error(weights.path() +
                ": not a checkpoint of a classifier (no 'config' in its metadata)");
  const Config settings = config_from_json(config->second, weights.path());
  if (task_of(settings.preset) != Task::classifier)
    throw Error(weights.path() + ": its preset '" + settings.preset +
                "' is no classifier; name a checkpoint of one, such as preset judge");
  return classifier_spec(settings);
}

/// Before memory is allocated for a network that the file cannot hold.
void check_size(const SafetensorsFile& weights, const ClassifierSpec& spec) {
  const NetworkSize size = Sequential::size_of(spec.layers, spec.image, 1);
  const std::int64_t values = size.parameters + size.moving_statistics;
  if (static_cast<std::uint64_t>(values) > weights.data_bytes() / sizeof(float))
    throw Error(weights.path() + ": its settings describe a network of " + std::to_string(values) +
                " numbers, which it does not hold");
}

void upload(Backend& backend, const SafetensorsFile& weights, const std::vector<TensorView>& views,
            float* flat) {
  for (const TensorView& view : views) {
    const std::vector<float> values = weights.f32(view.name, view.shape);
    backend.upload(flat + view.offset, values.data(), values.size() * sizeof(float));
  }
}

/// Appends device memory to a host's vector.
void append(Backend& backend, const float* device, std::int64_t count, std::vector<float>& host) {
  const std::size_t end = host.size();
  host.resize(end + static_cast<std::size_t>(count));
  backend.download(host.data() + end, device, static_cast<std::size_t>(count) * sizeof(float));
}

}  // namespace

Judge::Judge(Backend& backend, const SafetensorsFile& weights)
    : backend_(backend), spec_(spec_of(weights)) {
  weights.verify();
  check_size(weights, spec_);
  network_ =
      std::make_unique<Sequential>(backend, spec_.name, spec_.layers, spec_.image, rows_at_once);
  upload(backend, weights, network_->parameters(), network_->values());
  upload(backend, weights, network_->moving_statistics(), network_->moving());
  images_ =
      backend.allocate(static_cast<std::size_t>(rows_at_once * spec_.image.size()) * sizeof(float));
}

Judged Judge::look_at(std::span<const std::uint8_t> pixels,
                      const std::function<void(std::int64_t)>& judged) {
  Judged out;
  const std::int64_t size = spec_.image.size(), count = std::ssize(pixels) / size;
  std::vector<float> images;
  for (std::int64_t first = 0; first < count; first += rows_at_once) {
    const std::int64_t rows = std::min(rows_at_once, count - first);
    images.clear();
    for (const std::uint8_t byte : pixels.subspan(static_cast<std::size_t>(first * size),
                                                  static_cast<std::size_t>(rows * size)))
      images.push_back((static_cast<float>(byte) - spec_.pixels.offset) / spec_.pixels.scale);
    backend_.upload(images_.f32(), images.data(), images.size() * sizeof(float));
    const float* logits = network_->forward(rows, images_.f32(), Mode::inference);
    append(backend_, network_->last_layer_x(), rows * feature_size(), out.features);
    append(backend_, logits, rows * network_->output().size(), out.logits);
    if (judged) judged(first + rows);
  }
  return out;
}

}  // namespace dcgan
