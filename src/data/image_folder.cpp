// Pictures of any size from a folder, in one size; those of its subfolders as classes.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "data/fitting.h"
#include "data/picture_files.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "image/image.h"
#include "io/progress.h"
#include "io/visible.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

bool legacy(const Config& config) { return config.fit == "legacy"; }

Decoding decoding(const Config& config, int size, int channels) {
  if (legacy(config)) return {.channels = channels, .background = -1, .upright = false};
  return {.channels = channels, .background = background(config), .least_side = size};
}

/// The folder that each picture lies in, of those in `top`, is its class: if all lie in one, and
/// there are at least two of them and no more than labels can tell apart.
struct Classes {
  std::vector<std::string> names;    ///< in their order; or none
  std::vector<std::uint8_t> labels;  ///< one per path

  Classes(const std::vector<std::string>& paths, const std::string& top) {
    constexpr std::size_t most = 256;
    std::map<std::string, std::uint8_t> known;
    std::vector<std::string> folders;
    for (const std::string& path : paths) {
      const fs::path inner = fs::path(path).lexically_relative(top);
      if (std::distance(inner.begin(), inner.end()) < 2) return;
      known[folders.emplace_back(inner.begin()->string())] = 0;
    }
    if (known.size() < 2 || known.size() > most) return;
    for (auto& [name, label] : known) {
      label = static_cast<std::uint8_t>(names.size());
      names.push_back(visible(name));
    }
    for (const std::string& folder : folders) labels.push_back(known[folder]);
  }
};

}  // namespace

Dataset read_image_folder(const std::string& directory, int size, const Config& config,
                          int channels, std::uint64_t most_bytes) {
  Dataset data;
  data.name = name_of(directory);
  data.place = fs::absolute(directory).lexically_normal().string();
  data.height = data.width = size;
  data.channels = channels;
  auto [paths, ignored] = find_pictures(directory);
  check_fits(static_cast<std::int64_t>(paths.size()), size, channels, most_bytes);
  const Classes classes(paths, directory);
  data.label_names = classes.names;
  data.pixels.reserve(paths.size() * data.image_bytes());
  Progress progress("pictures read", paths.size());
  std::int64_t damaged = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::size_t end = data.pixels.size();
    try {
      const Image picture = read_image(paths[i], decoding(config, size, channels));
      data.pixels.resize(end + data.image_bytes(), background(config));
      if (!write_fitted(picture, config.fit, size, data.pixels.data() + end))
        throw Error(paths[i] + ": cannot be resized");
      ++data.count;
      if (!classes.labels.empty()) data.labels.push_back(classes.labels[i]);
    } catch (const Error& e) {
      data.pixels.resize(end);
      constexpr int most_named = 20;
      if (++damaged <= most_named) spdlog::warn("skipped: {}", visible(e.what()));
    }
    progress.done(i + 1);
  }
  if (damaged > 0) ignored["damaged"] = damaged;
  if (data.count == 0)
    throw Error(directory + ": no PNG or JPEG picture in it can be read (" +
                (ignored.empty() ? "it is empty" : "found: " + to_string(ignored)) +
                "); name the folder that has them with --data DIR");
  if (!ignored.empty())
    spdlog::info("{}: pictures read: {}; ignored: {}", data.name, data.count, to_string(ignored));
  return data;
}

}  // namespace dcgan
