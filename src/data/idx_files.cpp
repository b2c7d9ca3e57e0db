#include "data/idx_files.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "data/levels.h"
#include "data/picture_files.h"
#include "dcgan/error.h"
#include "io/visible.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

constexpr const char* debian_directory = "/usr/share/datasets/fashion-mnist";
constexpr const char* remedy =
    "install the package dataset-fashion-mnist, run tools/get_data.sh DIR, or name the folder or "
    "the file of images with --data";

/// A file's name as distributors agree on it: without .gz, in lower case, with hyphens.
std::string plain_name(const fs::path& path) {
  std::string name = path.filename().string();
  for (char& c : name)
    c = c == '.' || c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.ends_with("-gz")) name.resize(name.size() - 3);
  return name;
}

const char* usual_name(Split split) {
  return split == Split::test ? "t10k-images-idx3-ubyte" : "train-images-idx3-ubyte";
}

/// Also "emnist-letters-train-images-idx3-ubyte", and "emnist-letters-test-images-idx3-ubyte".
bool is_images(const std::string& plain, Split split) {
  const bool test = plain.find("t10k") != plain.npos || plain.find("test") != plain.npos;
  return plain.ends_with("images-idx3-ubyte") && test == (split == Split::test);
}

/// The file of labels beside a file of images, or nothing.
std::string labels_of(const fs::path& images) {
  std::string wanted = plain_name(images);
  for (const auto& [from, to] : {std::pair{"images", "labels"}, std::pair{"idx3", "idx1"}}) {
    const std::size_t at = wanted.rfind(from);
    if (at == wanted.npos) return "";
    wanted.replace(at, std::string(from).size(), to);
  }
  std::error_code none;
  for (const fs::path& path : entries(fs::absolute(images).parent_path()))
    if (plain_name(path) == wanted && fs::is_regular_file(path, none)) return path.string();
  return "";
}

/// Those of one level; the same file plain and gzipped counts once, as the plain one, which is
/// first in the order of names.
std::vector<fs::path> images_among(const std::vector<fs::path>& level, Split split) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const fs::path& path : level) {
    const std::string name = plain_name(path);
    if (!is_images(name, split) || !fs::is_regular_file(path, none)) continue;
    const auto same = [&](const fs::path& other) {
      return other.parent_path() == path.parent_path() && plain_name(other) == name;
    };
    if (std::none_of(found.begin(), found.end(), same)) found.push_back(path);
  }
  return found;
}

/// The first few names: "a.zip, b.png and 7 more".
std::string some_of(const std::vector<fs::path>& paths, const fs::path& folder) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, paths.size()); ++i)
    text += (i ? ", " : "") + visible(paths[i].lexically_relative(folder).string());
  return paths.size() > most ? text + " and " + std::to_string(paths.size() - most) + " more"
                             : text;
}

std::vector<fs::path> images_below(const fs::path& folder, Split split) {
  return first_level_with(folder,
                          [split](const auto& level) { return images_among(level, split); });
}

fs::path find_images(const fs::path& folder, Split split) {
  const std::vector<fs::path> found = images_below(folder, split);
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    throw Error(folder.string() + ": there are several data sets: " + some_of(found, folder) +
                "; name the file of images with --data");
  const std::vector<fs::path> top = entries(folder);
  std::error_code none;
  const std::string there = !fs::exists(folder, none) ? "there is no such folder"
                            : top.empty()             ? "the folder is empty"
                                                      : "there are " + some_of(top, folder);
  throw Error(folder.string() + ": " + usual_name(split) + " or its .gz is not there (" + there +
              "): " + remedy);
}

}  // namespace

bool has_idx_files(const std::string& folder, Split split) {
  return !images_below(folder, split).empty();
}

IdxFiles find_idx_files(const std::string& named, Split split) {
  std::string place = named;
  if (place.empty())
    if (const char* variable = std::getenv("DCGAN_DATA")) place = variable;
  if (place.empty()) place = debian_directory;
  std::error_code none;
  const bool file = fs::exists(place, none) && !fs::is_directory(place, none);
  if (file && split == Split::test && !is_images(plain_name(place), split))
    throw Error(place + ": not a file of test images by its name; name the folder that has " +
                usual_name(split) + ", too, with --data");
  const fs::path images = file ? fs::path(place) : find_images(place, split);
  return {place, images.string(), labels_of(images)};
}

}  // namespace dcgan
