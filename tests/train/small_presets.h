// The presets with networks so narrow that a test can train them, and pictures to train them on.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "models/models.h"
#include "train/pictures.h"

namespace dcgan::test {

/// Batches of 8. Hidden layers at a quarter of their width, those of larger pictures at less.
inline Config small_preset(const std::string& name) {
  Config config = preset_config(name);
  config.batch_size = 8;
  config.width = name == "vanilla-64"  ? 1.0 / 64
                 : name == "dcgan-128" ? 1.0 / 32
                 : name == "dcgan-64"  ? 1.0 / 16
                 : name == "dcgan-32"  ? 1.0 / 8
                                       : 0.25;
  config.backend = "cpu";
  config.threads = 2;
  return config;
}

/// With labels from 0 to 9.
inline Dataset pictures(const Config& config, std::int64_t count) {
  Dataset data = pictures(count, image_shape(config));
  for (std::int64_t i = 0; i < count; ++i)
    data.labels.push_back(static_cast<std::uint8_t>((3 * i + i / 4) % 10));
  return data;
}

constexpr const char* gan_presets[] = {"vanilla",    "dcgan",    "modern",   "tf-tutorial",
                                       "vanilla-64", "dcgan-32", "dcgan-64", "dcgan-128"};
constexpr const char* all_presets[] = {"vanilla",    "dcgan",    "modern",   "tf-tutorial",
                                       "vanilla-64", "dcgan-32", "dcgan-64", "dcgan-128",
                                       "classifier", "judge"};

/// Of letters, digits and underscores, as GoogleTest requires.
inline std::string as_test_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '-' || c == ' ' || c == '.'; }, '_');
  return text;
}

inline std::string preset_test_name(const testing::TestParamInfo<const char*>& info) {
  return as_test_name(info.param);
}

}  // namespace dcgan::test
