// What trainings in double have in common: batches at the documented addresses, and comparison of
// the state.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "dcgan/dataset.h"
#include "io/safetensors.h"
#include "ops/philox.h"
#include "ref/network.h"

namespace dcgan::test {

struct RefBatch {
  ref::Vector images;  ///< (pixel - offset) / scale
  std::vector<int> labels;
};

/// Images first to first + rows of an epoch's shuffle, some of them mirrored with flip=1.
inline RefBatch ref_batch(const Config& config, const Dataset& data, std::int64_t epoch,
                          std::int64_t first, std::int64_t rows, double offset, double scale) {
  constexpr std::uint32_t shuffle_stream = 2, mirror_stream = 5;
  const auto step = static_cast<std::uint64_t>(epoch);
  RefBatch batch;
  for (std::int64_t i = first; i < first + rows; ++i) {
    const std::uint64_t chosen =
        shuffled_index(config.seed, shuffle_stream, step, static_cast<std::uint64_t>(i),
                       static_cast<std::uint64_t>(data.count));
    const std::uint32_t bits =
        philox_at(config.seed, mirror_stream, step, static_cast<std::uint32_t>(chosen)).word[0];
    const bool mirrored = config.flip != 0 && bits % 2 == 1;
    const std::uint8_t* image = data.image(static_cast<std::int64_t>(chosen));
    for (int y = 0; y < data.height; ++y)
      for (int x = 0; x < data.width; ++x)
        for (int channel = 0; channel < data.channels; ++channel) {
          const int from = mirrored ? data.width - 1 - x : x;
          batch.images.push_back(
              (image[(y * data.width + from) * data.channels + channel] - offset) / scale);
        }
    if (!data.labels.empty()) batch.labels.push_back(data.labels[chosen]);
  }
  return batch;
}

/// `tolerance`: of the largest entry.
inline void expect_near(const std::string& name, const std::vector<float>& got,
                        const ref::Vector& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size()) << name;
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - expected[i]);
    if (!(error <= worst)) worst = error;
    largest = std::max(largest, std::abs(expected[i]));
  }
  EXPECT_LE(worst, tolerance * largest) << name;
}

/// Weights, statistics and Adam's moments, but those of the tensor `except`.
inline void expect_state(const SafetensorsFile& state, const ref::Network& network,
                         double tolerance, const std::string& except = "") {
  // Otherwise choose another seed.
  ASSERT_GT(network.nearest_kink(), 3e-6) << "a sum is too near to LeakyReLU's kink to compare";
  for (const auto& [prefix, tensors] :
       {std::pair{"", &network.values}, {"adam.m.", &network.adam_m}, {"adam.v.", &network.adam_v}})
    for (const auto& [name, value] : *tensors)
      if (name != except) expect_near(prefix + name, state.f32(prefix + name), value, tolerance);
}

}  // namespace dcgan::test
