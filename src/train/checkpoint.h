// Checkpoints: weights, Adam's moments, and in the metadata all settings and the run's progress.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dcgan/trainer.h"
#include "io/safetensors.h"
#include "train/model.h"

namespace dcgan {

struct CheckpointHeader {
  Config config;
  TrainingState state;
};

/// A tensor copied to the host, ready to be written.
struct HostTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> data;
};

/// What a checkpoint holds, in host memory.
struct CheckpointCopy {
  Config config;
  TrainingState state;
  std::vector<HostTensor> tensors;
};
CheckpointCopy copy_checkpoint(const Config& config, const TrainingState& state, Model& model);

/// Writes the file whole or not at all. Throws Error.
void write_checkpoint(const std::string& path, const CheckpointCopy& checkpoint);
void write_checkpoint(const std::string& path, const Config& config, const TrainingState& state,
                      Model& model);

/// The same without Adam's moments.
void write_weights(const std::string& path, const Config& config, const TrainingState& state,
                   Model& model);

/// Throws Error if the file is no checkpoint of a format this version knows.
CheckpointHeader read_checkpoint_header(const SafetensorsFile& file);

/// Of a checkpoint's tensors: weights, Adam's two moments of each, moving statistics, and the
/// generator's average.
std::int64_t checkpoint_bytes(const Config& config);

/// Throws Error if networks of these settings have more weights than the file has bytes for: found
/// out before they are allocated.
void check_size(const SafetensorsFile& file, const Config& config);

enum class Moments { load, reset };

/// Weights and moving statistics, and Adam's moments if asked for. An average begins anew where the
/// file has none. Throws Error naming a tensor that is missing or has another shape; the model is
/// unchanged then.
void load_tensors(const SafetensorsFile& file, Model& model, Moments moments);

/// Tensors of a model copied to the host: weights, statistics and moments, or the gradients as
/// grad.<name>.
std::vector<HostTensor> download_state(Model& model);
std::vector<HostTensor> download_gradients(Model& model);
std::vector<TensorToWrite> to_write(const std::vector<HostTensor>& tensors);

}  // namespace dcgan
