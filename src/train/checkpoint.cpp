// Reading and writing checkpoints.
#include "train/checkpoint.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "io/json.h"

namespace dcgan {
namespace {

using nlohmann::json;

constexpr const char* format_name = "dcgan_cuda checkpoint";
constexpr const char* format_version = "1";
constexpr const char* average_prefix = "average.";

/// A GAN's of two measures is [epoch, loss_generator, loss_discriminator, seconds], as it has
/// always been; a classifier's ends in those of the test images, if they were measured.
json to_json(const EpochRecord& e, std::size_t measures) {
  json record = json::array({e.epoch});
  for (std::size_t i = 0; i < measures; ++i) record.push_back(e.means[i]);
  record.push_back(e.seconds);
  for (std::size_t i = 0; e.test && i < measures; ++i) record.push_back((*e.test)[i]);
  return record;
}

json to_json(const TrainingState& state, const std::vector<std::string>& measures) {
  json history = json::array();
  for (const EpochRecord& e : state.history) history.push_back(to_json(e, measures.size()));
  json distances = json::array();
  for (const EpochRecord& e : state.history)
    if (e.frechet_distance) distances.push_back({e.epoch, *e.frechet_distance});
  json changes = json::array();
  for (const SettingChange& c : state.changes) changes.push_back({c.step, c.key, c.from, c.to});
  json all = {{"step", state.step},
              {"steps_in_epoch", state.steps_in_epoch},
              {"images_in_epoch", state.images_in_epoch},
              {"epoch_seconds", state.epoch_seconds},
              {"history", history},
              {"frechet_distances", distances},
              {"changes", changes}};
  for (std::size_t i = 0; i < measures.size(); ++i) all["sum_" + measures[i]] = state.sums[i];
  return all;
}

// A loss that is not finite (a run that diverged) is null in JSON.
double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

/// Those of a GAN may have fewer measures than are asked for, and have no others.
EpochRecord record_from_json(const json& j, std::size_t wanted) {
  const std::size_t measures = std::min(wanted, j.size() - std::min<std::size_t>(2, j.size()));
  EpochRecord record;
  record.epoch = whole_number("epoch", j.at(0));
  for (std::size_t i = 0; i < measures; ++i) record.means[i] = number(j.at(1 + i));
  record.seconds = number(j.at(1 + measures));
  if (j.size() <= 2 + measures) return record;
  record.test.emplace();
  for (std::size_t i = 0; i < measures; ++i) (*record.test)[i] = number(j.at(2 + measures + i));
  return record;
}

/// The files of version 0.2 and before have no number of images, and no changes.
TrainingState state_from_json(const json& j, const Config& config) {
  const std::vector<std::string>& measures = measure_names(config);
  TrainingState state;
  state.step = whole_number("step", j.at("step"));
  state.steps_in_epoch = whole_number("steps_in_epoch", j.at("steps_in_epoch"));
  constexpr std::int64_t most_steps = 1'000'000'000'000;
  for (const std::int64_t steps : {state.step, state.steps_in_epoch})
    if (steps < 0 || steps > most_steps) throw Error("a step number out of range");
  state.images_in_epoch = j.contains("images_in_epoch")
                              ? whole_number("images_in_epoch", j.at("images_in_epoch"))
                              : state.steps_in_epoch * config.batch_size;
  for (std::size_t i = 0; i < measures.size(); ++i)
    if (i < 2 || j.contains("sum_" + measures[i]))
      state.sums[i] = number(j.at("sum_" + measures[i]));
  state.epoch_seconds = number(j.at("epoch_seconds"));
  for (const json& e : j.at("history"))
    state.history.push_back(record_from_json(e, measures.size()));
  for (const json& d : j.value("frechet_distances", json::array())) {
    const auto epoch = static_cast<std::size_t>(whole_number("epoch", d.at(0)));
    state.history.at(epoch - 1).frechet_distance = number(d.at(1));
  }
  for (const json& c : j.value("changes", json::array()))
    state.changes.push_back({whole_number("step", c.at(0)), c.at(1).get<std::string>(),
                             c.at(2).get<std::string>(), c.at(3).get<std::string>()});
  if (state.images_in_epoch < 0) throw Error("a negative number of images");
  return state;
}

void download(Model& model, const std::vector<TensorView>& views, const float* flat,
              const std::string& prefix, std::vector<HostTensor>& out) {
  for (const TensorView& view : views) {
    HostTensor& tensor = out.emplace_back();
    tensor.name = prefix + view.name;
    tensor.shape = view.shape;
    tensor.data.resize(static_cast<std::size_t>(view.size()));
    model.backend().download(tensor.data.data(), flat + view.offset,
                             tensor.data.size() * sizeof(float));
  }
}

struct Upload {
  std::vector<float> host;
  float* device;
};

void plan_upload(const SafetensorsFile& file, const std::vector<TensorView>& views, float* flat,
                 const std::string& prefix, std::vector<Upload>& out) {
  for (const TensorView& view : views)
    out.push_back({file.f32(prefix + view.name, view.shape), flat + view.offset});
}

std::map<std::string, std::string> metadata_of(const Config& config, const TrainingState& state) {
  std::map<std::string, std::string> all = {
      {"format", format_name},
      {"format_version", format_version},
      {"config", to_json(config)},
      {"seed", std::to_string(config.seed)},
      {"step", std::to_string(state.step)},
      {"epoch", std::to_string(state.history.size())},
      {"state", to_json(state, measure_names(config)).dump()}};
  if (!state.history.empty() && state.history.back().test)
    all["test_accuracy"] = std::to_string((*state.history.back().test)[1]);
  return all;
}

/// Numbers of a checkpoint: those that sampling needs, and all.
struct CheckpointSize {
  std::int64_t weights = 0, all = 0;
};

CheckpointSize size_of(const Config& config) {
  CheckpointSize size;
  for (const NetworkSpec& network : network_specs(config)) {
    const NetworkSize n = Sequential::size_of(network.layers, network.input, 1);
    const std::int64_t weights = n.parameters + n.moving_statistics;
    const bool averaged = config.average > 0 && network.name == "generator";
    size.weights += weights;
    size.all += weights + 2 * n.parameters + (averaged ? weights : 0);
  }
  return size;
}

}  // namespace

std::vector<HostTensor> download_state(Model& model) {
  std::vector<HostTensor> tensors;
  for (Sequential* network : model.networks()) {
    download(model, network->parameters(), network->values(), "", tensors);
    download(model, network->moving_statistics(), network->moving(), "", tensors);
    download(model, network->parameters(), network->adam_m(), "adam.m.", tensors);
    download(model, network->parameters(), network->adam_v(), "adam.v.", tensors);
  }
  if (const std::optional<Average> a = model.average()) {
    download(model, a->network->parameters(), a->values, average_prefix, tensors);
    download(model, a->network->moving_statistics(), a->moving, average_prefix, tensors);
  }
  return tensors;
}

std::vector<HostTensor> download_gradients(Model& model) {
  std::vector<HostTensor> tensors;
  for (Sequential* network : model.networks())
    download(model, network->parameters(), network->gradients(), "grad.", tensors);
  return tensors;
}

std::vector<TensorToWrite> to_write(const std::vector<HostTensor>& tensors) {
  std::vector<TensorToWrite> list;
  for (const HostTensor& t : tensors) list.push_back({t.name, DType::f32, t.shape, t.data.data()});
  return list;
}

CheckpointCopy copy_checkpoint(const Config& config, const TrainingState& state, Model& model) {
  return {config, state, download_state(model)};
}

void write_checkpoint(const std::string& path, const CheckpointCopy& checkpoint) {
  write_safetensors(path, to_write(checkpoint.tensors),
                    metadata_of(checkpoint.config, checkpoint.state));
}

void write_checkpoint(const std::string& path, const Config& config, const TrainingState& state,
                      Model& model) {
  write_checkpoint(path, copy_checkpoint(config, state, model));
}

void write_weights(const std::string& path, const Config& config, const TrainingState& state,
                   Model& model) {
  std::vector<HostTensor> tensors = download_state(model);
  std::erase_if(tensors, [](const HostTensor& t) { return t.name.starts_with("adam."); });
  write_safetensors(path, to_write(tensors), metadata_of(config, state));
}

CheckpointHeader read_checkpoint_header(const SafetensorsFile& file) {
  const auto field = [&](const char* key) -> const std::string& {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
      throw Error(file.path() + ": not a dcgan_cuda checkpoint (no '" + key + "' in its metadata)");
    return found->second;
  };
  if (field("format") != format_name) throw Error(file.path() + ": not a dcgan_cuda checkpoint");
  if (field("format_version") != format_version)
    throw Error(file.path() + ": checkpoint format " + field("format_version") +
                ", but this version reads " + format_version);
  CheckpointHeader header;
  header.config = config_from_json(field("config"), file.path());
  try {
    header.state = state_from_json(parse_json(field("state")), header.config);
  } catch (const std::exception& e) {
    throw Error(file.path() + ": the checkpoint's training state cannot be read: " + e.what());
  }
  return header;
}

std::int64_t checkpoint_bytes(const Config& config) {
  return size_of(config).all * std::int64_t{sizeof(float)};
}

void check_size(const SafetensorsFile& file, const Config& config) {
  const std::int64_t values = size_of(config).weights;
  if (static_cast<std::uint64_t>(values) > file.data_bytes() / sizeof(float))
    throw Error(file.path() + ": its settings describe networks of " + std::to_string(values) +
                " numbers, which it does not hold");
}

void load_tensors(const SafetensorsFile& file, Model& model, Moments moments) {
  std::vector<Upload> uploads;
  for (Sequential* network : model.networks()) {
    plan_upload(file, network->parameters(), network->values(), "", uploads);
    plan_upload(file, network->moving_statistics(), network->moving(), "", uploads);
    if (moments == Moments::reset) continue;
    plan_upload(file, network->parameters(), network->adam_m(), "adam.m.", uploads);
    plan_upload(file, network->parameters(), network->adam_v(), "adam.v.", uploads);
  }
  const std::optional<Average> average = model.average();
  const bool averaged =
      average && file.contains(average_prefix + average->network->parameters().front().name);
  if (averaged) {
    plan_upload(file, average->network->parameters(), average->values, average_prefix, uploads);
    plan_upload(file, average->network->moving_statistics(), average->moving, average_prefix,
                uploads);
  }
  file.verify();
  for (const Upload& u : uploads)
    model.backend().upload(u.device, u.host.data(), u.host.size() * sizeof(float));
  if (average && !averaged) model.begin_average();
}

}  // namespace dcgan
