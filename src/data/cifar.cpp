#include "data/cifar.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "data/levels.h"
#include "data/picture_files.h"
#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "io/file_reader.h"
#include "io/visible.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

constexpr int side = 32;
constexpr std::size_t plane = std::size_t{side} * side, image_bytes = 3 * plane;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 32;

const std::vector<std::string>& cifar_10_names() {
  static const std::vector<std::string> names = {
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  return names;
}

bool is_training_batch(const std::string& name) {
  if (name == "train.bin") return true;
  constexpr std::string_view start = "data_batch_", end = ".bin";
  if (!name.starts_with(start) || !name.ends_with(end) || name.size() <= start.size() + end.size())
    return false;
  const std::string number = name.substr(start.size(), name.size() - start.size() - end.size());
  return std::all_of(number.begin(), number.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_batch(const fs::path& path, Split split) {
  const std::string name = path.filename().string();
  if (split == Split::train) return is_training_batch(name);
  return name == "test_batch.bin" || name == "test.bin";
}

std::vector<fs::path> batches_among(const std::vector<fs::path>& level, Split split) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const fs::path& path : level)
    if (is_batch(path, split) && fs::is_regular_file(path, none)) found.push_back(path);
  return found;
}

/// Bytes in front of a record's pixels: CIFAR-10 has one label, CIFAR-100 a coarse and a fine one.
std::size_t labels_of(const FileReader& file, const std::string& path) {
  const auto fits = [&](std::size_t labels) {
    return file.size_bytes() % (labels + image_bytes) == 0;
  };
  const std::string name = fs::path(path).filename().string();
  const bool as_100 = name == "train.bin" || name == "test.bin";
  if (file.size_bytes() > 0)
    for (const std::size_t labels : {as_100 ? 2 : 1, as_100 ? 1 : 2})
      if (fits(labels)) return labels;
  throw Error(path + ": not a whole file of CIFAR's binary version: its " +
              std::to_string(file.size_bytes()) +
              " bytes are no records of 3073 (CIFAR-10) or 3074 (CIFAR-100); fetch it again");
}

/// The classes' names as the data set brings them along, one a line; or none.
std::vector<std::string> names_beside(const std::string& batch, std::size_t labels) {
  const fs::path file = fs::absolute(batch).parent_path() /
                        (labels == 1 ? "batches.meta.txt" : "fine_label_names.txt");
  std::error_code none;
  if (!fs::is_regular_file(file, none)) return {};
  constexpr std::size_t most_bytes_of_names = 1 << 16, most_names = 256;
  std::vector<std::string> names;
  std::istringstream lines(read_file(file.string(), most_bytes_of_names));
  for (std::string line; std::getline(lines, line) && names.size() < most_names;) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(visible(line));
  }
  return names;
}

/// Appends the file's records. What it announces is its size, so it costs no more than it has.
void read_batch(const std::string& path, std::size_t& labels, Dataset& data) {
  const FileReader file(path);
  const std::size_t own = labels_of(file, path);
  if (labels != 0 && own != labels)
    throw Error(path + ": of CIFAR-" + (own == 1 ? "10" : "100") +
                ", but the file before it is not; name one of them with --data");
  labels = own;
  if (file.size_bytes() > most_bytes - data.pixels.size())
    throw Error(path + ": the data set has more than 4 GiB");
  constexpr std::uint64_t at_once = 1000;
  const std::size_t record = labels + image_bytes;
  const std::uint64_t count = file.size_bytes() / record;
  std::vector<std::uint8_t> records;
  for (std::uint64_t first = 0; first < count; first += at_once) {
    const std::size_t n = static_cast<std::size_t>(std::min(at_once, count - first));
    records.resize(n * record);
    file.read_at(first * record, records.data(), records.size());
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint8_t* in = records.data() + i * record;
      data.labels.push_back(in[labels - 1]);
      in += labels;
      for (std::size_t p = 0; p < plane; ++p)  // planes of red, green and blue
        for (std::size_t c = 0; c < 3; ++c) data.pixels.push_back(in[c * plane + p]);
    }
  }
  data.count += static_cast<std::int64_t>(count);
}

}  // namespace

std::vector<std::string> find_cifar_files(const std::string& place, Split split) {
  std::error_code none;
  std::vector<std::string> files;
  if (fs::is_regular_file(place, none)) {
    if (split == Split::train || is_batch(place, split)) files.push_back(place);
    return files;
  }
  const auto select = [split](const auto& level) { return batches_among(level, split); };
  for (const fs::path& path : first_level_with(place, select)) files.push_back(path.string());
  return files;
}

Dataset read_cifar_dataset(const std::string& place, Split split) {
  const std::vector<std::string> files = find_cifar_files(place, split);
  if (files.empty())
    throw Error(place + (split == Split::test
                             ? ": test_batch.bin or test.bin is not there; name the folder that "
                               "has it with --data"
                             : ": data_batch_1.bin or train.bin is not there"));
  Dataset data;
  data.height = data.width = side;
  data.channels = 3;
  std::size_t labels = 0;
  for (const std::string& file : files) read_batch(file, labels, data);
  data.label_names = names_beside(files.front(), labels);
  for (std::size_t i = 0; i < data.labels.size() && !data.label_names.empty(); ++i)
    if (data.labels[i] >= data.label_names.size())
      throw Error(files.front() + ": image " + std::to_string(i + 1) + " has label " +
                  std::to_string(data.labels[i]) + ", but the file of names beside it has " +
                  std::to_string(data.label_names.size()) + "; fetch it again");
  data.place = fs::absolute(place).lexically_normal().string();
  data.name = data.label_names == cifar_10_names() ? "CIFAR-10" : name_of(place);
  return data;
}

}  // namespace dcgan
