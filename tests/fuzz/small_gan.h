// The smallest models that can be trained, for fuzzers of what it reads.
#pragma once
#include <string>

#include "dcgan/trainer.h"
#include "fuzz/in_memory_file.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"

namespace dcgan::fuzz {

inline Config small_config(const std::string& preset) {
  Config config = preset_config(preset);
  for (const auto& [key, value] :
       {std::pair{"backend", "cpu"}, std::pair{"threads", "1"}, std::pair{"width", "0.015625"},
        std::pair{"latent", "2"}, std::pair{"batch_size", "2"}, std::pair{"epochs", "2"}})
    set(config, key, value);
  return config;
}

/// Four grey pictures, of two classes: two steps an epoch.
inline Trainer small_trainer(const std::string& preset) {
  Dataset data;
  data.name = "grey";
  data.count = 4;
  data.height = data.width = 28;
  data.channels = 1;
  data.pixels.assign(4 * 28 * 28, 100);
  data.labels = {0, 1, 1, 0};
  return {small_config(preset), data};
}

/// A checkpoint's bytes.
inline std::string saved(Trainer& trainer) {
  const test::TemporaryFolder folder{memory()};
  trainer.save(folder.path("file"));
  return read_file(folder.path("file"));
}

}  // namespace dcgan::fuzz
