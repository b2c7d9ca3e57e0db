// Which files of a folder are pictures to train on, and what is left out.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dcgan {

/// How many there are of each kind: ".webp", "hidden", "damaged".
using Counts = std::map<std::string, std::int64_t>;

/// The most frequent first: "30 .webp, 2 hidden".
std::string to_string(const Counts& counts);

/// What a data set is called that has no other name: the last part of its path.
std::string name_of(const std::string& path);

struct PictureFiles {
  std::vector<std::string> paths;  ///< in the order of names, not of the file system
  Counts ignored;
};

/// All PNG and JPEG files in `directory` and the folders below it, links followed, each folder
/// once. Not what begins with a dot, and not what a run of this program has written. Throws Error.
PictureFiles find_pictures(const std::string& directory);

}  // namespace dcgan
