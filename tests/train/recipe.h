// Weights and pictures that depend on a tensor's name and index alone: the twins of recipe() and
// made_up_images() in tools/keras/make_tape.py, so that fixtures need not hold them.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace dcgan::test {

/// 64 bits per index: splitmix64(fnv1a64(name) + index).
class RecipeDraws {
 public:
  explicit RecipeDraws(const std::string& name) {
    for (const unsigned char byte : name) seed_ = (seed_ ^ byte) * 0x100000001B3u;
  }
  std::uint64_t operator[](std::int64_t index) const {
    std::uint64_t z = seed_ + static_cast<std::uint64_t>(index) + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t seed_ = 0xCBF29CE484222325u;
};

/// The pixels of made-up pictures.
inline std::vector<std::uint8_t> recipe_pixels(std::int64_t count) {
  const RecipeDraws draws("real_u8");
  std::vector<std::uint8_t> pixels;
  for (std::int64_t i = 0; i < count; ++i)
    pixels.push_back(static_cast<std::uint8_t>(draws[i] >> 56));
  return pixels;
}

inline std::vector<float> recipe(const std::string& name, const std::vector<std::int64_t>& shape) {
  const RecipeDraws draws(name);
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  const std::string kind = name.substr(name.rfind('.') + 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(draws[i] >> 40) * 0x1p-24;
    double value = kind == "moving_variance" ? 1 : 0;
    if (kind == "kernel") {
      const std::int64_t fans = count / shape[shape.size() - 1] + count / shape[shape.size() - 2];
      value = (2 * u - 1) * std::sqrt(6.0 / static_cast<double>(fans));
    } else if (kind == "bias" || kind == "beta") {
      value = (2 * u - 1) * 0.1;
    } else if (kind == "gamma") {
      value = 1 + (2 * u - 1) * 0.2;
    }
    values[static_cast<std::size_t>(i)] = static_cast<float>(value);
  }
  return values;
}

}  // namespace dcgan::test
