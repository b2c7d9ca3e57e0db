// A trained classifier that looks at pictures: what its last layer sees of each are their features.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "backend/backend.h"
#include "evaluate/report.h"
#include "io/safetensors.h"
#include "nn/layer_spec.h"

namespace dcgan {

class Classifier;

/// The weights that are part of the program. Throws Error where it was built without.
SafetensorsFile shipped_judge();

class Judge {
 public:
  /// `weights`: a classifier's checkpoint, or what of it are no moments. Throws Error naming the
  /// file.
  Judge(Backend& backend, const SafetensorsFile& weights);
  ~Judge();

  SampleShape image() const;
  std::int64_t feature_size() const;

  /// Of pixels [count, image]. `judged` is told how many are done.
  Judged look_at(std::span<const std::uint8_t> pixels,
                 const std::function<void(std::int64_t)>& judged = {});

 private:
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace dcgan
