// Reading and writing checkpoints.
#include "train/checkpoint.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "io/json.h"

namespace dcgan {
namespace {

using nlohmann::json;

constexpr const char* format_name = "dcgan_cuda checkpoint";
constexpr const char* format_version = "1";
constexpr const char* average_prefix = "average.";

json to_json(const TrainingState& state) {
  json history = json::array();
  for (const EpochRecord& e : state.history)
    history.push_back({e.epoch, e.loss_generator, e.loss_discriminator, e.seconds});
  json changes = json::array();
  for (const SettingChange& c : state.changes) changes.push_back({c.step, c.key, c.from, c.to});
  return {{"step", state.step},
          {"steps_in_epoch", state.steps_in_epoch},
          {"images_in_epoch", state.images_in_epoch},
          {"sum_loss_generator", state.sum_loss_generator},
          {"sum_loss_discriminator", state.sum_loss_discriminator},
          {"epoch_seconds", state.epoch_seconds},
          {"history", history},
          {"changes", changes}};
}

// A loss that is not finite (a run that diverged) is null in JSON.
double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

/// The files of version 0.2 and before have no number of images, and no changes.
TrainingState state_from_json(const json& j, const Config& config) {
  TrainingState state;
  state.step = whole_number("step", j.at("step"));
  state.steps_in_epoch = whole_number("steps_in_epoch", j.at("steps_in_epoch"));
  constexpr std::int64_t most_steps = 1'000'000'000'000;
  for (const std::int64_t steps : {state.step, state.steps_in_epoch})
    if (steps < 0 || steps > most_steps) throw Error("a step number out of range");
  state.images_in_epoch = j.contains("images_in_epoch")
                              ? whole_number("images_in_epoch", j.at("images_in_epoch"))
                              : state.steps_in_epoch * config.batch_size;
  state.sum_loss_generator = number(j.at("sum_loss_generator"));
  state.sum_loss_discriminator = number(j.at("sum_loss_discriminator"));
  state.epoch_seconds = number(j.at("epoch_seconds"));
  for (const json& e : j.at("history"))
    state.history.push_back(
        {whole_number("epoch", e.at(0)), number(e.at(1)), number(e.at(2)), number(e.at(3))});
  for (const json& c : j.value("changes", json::array()))
    state.changes.push_back({whole_number("step", c.at(0)), c.at(1).get<std::string>(),
                             c.at(2).get<std::string>(), c.at(3).get<std::string>()});
  if (state.images_in_epoch < 0) throw Error("a negative number of images");
  return state;
}

void download(Gan& gan, const std::vector<TensorView>& views, const float* flat,
              const std::string& prefix, std::vector<HostTensor>& out) {
  for (const TensorView& view : views) {
    HostTensor& tensor = out.emplace_back();
    tensor.name = prefix + view.name;
    tensor.shape = view.shape;
    tensor.data.resize(static_cast<std::size_t>(view.size()));
    gan.backend().download(tensor.data.data(), flat + view.offset,
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

/// Numbers of a checkpoint: those that sampling needs, and all.
struct CheckpointSize {
  std::int64_t weights, all;
};

CheckpointSize size_of(const Config& config) {
  const GanSpec spec = gan_spec(config);
  const NetworkSize g = Sequential::size_of(spec.generator, {1, 1, config.latent}, 1);
  const NetworkSize d = Sequential::size_of(spec.discriminator, spec.image, 1);
  const std::int64_t parameters = g.parameters + d.parameters,
                     weights = parameters + g.moving_statistics + d.moving_statistics,
                     average = config.average > 0 ? g.parameters + g.moving_statistics : 0;
  return {weights, weights + 2 * parameters + average};
}

}  // namespace

std::vector<HostTensor> download_state(Gan& gan) {
  std::vector<HostTensor> tensors;
  for (Sequential* network : {&gan.generator(), &gan.discriminator()}) {
    download(gan, network->parameters(), network->values(), "", tensors);
    download(gan, network->moving_statistics(), network->moving(), "", tensors);
    download(gan, network->parameters(), network->adam_m(), "adam.m.", tensors);
    download(gan, network->parameters(), network->adam_v(), "adam.v.", tensors);
  }
  if (gan.averages()) {
    const Sequential& generator = gan.generator();
    download(gan, generator.parameters(), gan.average_values(), average_prefix, tensors);
    download(gan, generator.moving_statistics(), gan.average_moving(), average_prefix, tensors);
  }
  return tensors;
}

std::vector<HostTensor> download_gradients(Gan& gan) {
  std::vector<HostTensor> tensors;
  for (Sequential* network : {&gan.generator(), &gan.discriminator()})
    download(gan, network->parameters(), network->gradients(), "grad.", tensors);
  return tensors;
}

std::vector<TensorToWrite> to_write(const std::vector<HostTensor>& tensors) {
  std::vector<TensorToWrite> list;
  for (const HostTensor& t : tensors) list.push_back({t.name, DType::f32, t.shape, t.data.data()});
  return list;
}

void write_checkpoint(const std::string& path, const Config& config, const TrainingState& state,
                      Gan& gan) {
  const std::vector<HostTensor> tensors = download_state(gan);
  write_safetensors(path, to_write(tensors),
                    {{"format", format_name},
                     {"format_version", format_version},
                     {"config", to_json(config)},
                     {"seed", std::to_string(config.seed)},
                     {"step", std::to_string(state.step)},
                     {"epoch", std::to_string(state.history.size())},
                     {"state", to_json(state).dump()}});
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

void load_tensors(const SafetensorsFile& file, Gan& gan, Moments moments) {
  std::vector<Upload> uploads;
  for (Sequential* network : {&gan.generator(), &gan.discriminator()}) {
    plan_upload(file, network->parameters(), network->values(), "", uploads);
    plan_upload(file, network->moving_statistics(), network->moving(), "", uploads);
    if (moments == Moments::reset) continue;
    plan_upload(file, network->parameters(), network->adam_m(), "adam.m.", uploads);
    plan_upload(file, network->parameters(), network->adam_v(), "adam.v.", uploads);
  }
  const Sequential& generator = gan.generator();
  const bool averaged =
      gan.averages() && file.contains(average_prefix + generator.parameters().front().name);
  if (averaged) {
    plan_upload(file, generator.parameters(), gan.average_values(), average_prefix, uploads);
    plan_upload(file, generator.moving_statistics(), gan.average_moving(), average_prefix, uploads);
  }
  file.verify();
  for (const Upload& u : uploads)
    gan.backend().upload(u.device, u.host.data(), u.host.size() * sizeof(float));
  if (gan.averages() && !averaged) gan.begin_average();
}

}  // namespace dcgan
