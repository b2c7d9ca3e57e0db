// The IDX format of MNIST and Fashion-MNIST, plain or gzipped.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "dcgan/dataset.h"
#include "dcgan/error.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

constexpr const char* debian_directory = "/usr/share/datasets/fashion-mnist";
constexpr const char* images_name = "train-images-idx3-ubyte";
constexpr const char* labels_name = "train-labels-idx1-ubyte";
constexpr std::uint32_t images_magic = 0x0803, labels_magic = 0x0801;
constexpr std::uint32_t largest_side = 4096;
constexpr std::uint64_t largest_bytes = std::uint64_t{1} << 32;

/// DIR/NAME or DIR/NAME.gz, or nothing.
std::string find_file(const std::string& directory, const std::string& name) {
  std::error_code none;  // a folder that cannot be entered counts as empty
  for (const std::string& candidate : {directory + "/" + name, directory + "/" + name + ".gz"})
    if (fs::is_regular_file(candidate, none)) return candidate;
  return "";
}

/// A file read through zlib, which passes plain files through as they are.
class GzFile {
 public:
  explicit GzFile(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_) throw Error(path + ": cannot be opened: " + std::strerror(errno));
    gzbuffer(file_.get(), 1 << 18);
  }

  void read(void* out, std::size_t bytes, const char* what) {
    auto* to = static_cast<std::uint8_t*>(out);
    while (bytes > 0) {
      const auto part = static_cast<unsigned>(std::min<std::size_t>(bytes, 1u << 30));
      const int got = gzread(file_.get(), to, part);
      if (got < 0 || damaged()) broken("its compressed data is damaged or cut off");
      if (got == 0) broken(std::string("it ends within its ") + what);
      to += got;
      bytes -= static_cast<std::size_t>(got);
    }
  }
  std::uint32_t big_endian() {
    std::array<std::uint8_t, 4> b{};
    read(b.data(), b.size(), "header");
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
  }
  void expect_end() {
    char more = 0;
    const int got = gzread(file_.get(), &more, 1);
    if (got > 0) broken("there are bytes after its data");
    if (got < 0 || damaged()) broken("its compressed data is damaged or cut off");
  }
  [[noreturn]] void broken(const std::string& what) const {
    throw Error(path_ + ": not a whole IDX file: " + what + "; fetch it again (tools/get_data.sh)");
  }

 private:
  /// Only here does zlib report a compressed file that was cut off.
  bool damaged() const {
    int error = Z_OK;
    gzerror(file_.get(), &error);
    return error != Z_OK && error != Z_STREAM_END;
  }

  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// Reads in portions, so that a header that lies about its size costs no memory.
std::vector<std::uint8_t> read_bytes(GzFile& file, std::uint64_t count) {
  constexpr std::uint64_t portion = 1 << 24;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const std::size_t have = bytes.size();
    bytes.resize(have + static_cast<std::size_t>(std::min(portion, count - have)));
    file.read(bytes.data() + have, bytes.size() - have, "data");
  }
  return bytes;
}

void read_images(const std::string& path, Dataset& out) {
  GzFile file(path);
  if (file.big_endian() != images_magic) file.broken("its magic number is not 0x00000803");
  const std::uint32_t count = file.big_endian(), height = file.big_endian(),
                      width = file.big_endian();
  if (count == 0 || height == 0 || width == 0) file.broken("its header announces no images");
  if (height > largest_side || width > largest_side ||
      std::uint64_t{count} * height * width > largest_bytes)
    file.broken("it announces " + std::to_string(count) + " images of " + std::to_string(height) +
                "x" + std::to_string(width));
  out.count = count;
  out.height = static_cast<int>(height);
  out.width = static_cast<int>(width);
  out.channels = 1;
  out.pixels = read_bytes(file, std::uint64_t{count} * height * width);
  file.expect_end();
}

void read_labels(const std::string& path, Dataset& out) {
  GzFile file(path);
  if (file.big_endian() != labels_magic) file.broken("its magic number is not 0x00000801");
  const std::uint32_t count = file.big_endian();
  if (count != out.count)
    file.broken("it has " + std::to_string(count) + " labels for " + std::to_string(out.count) +
                " images");
  out.labels = read_bytes(file, count);
  file.expect_end();
  for (const std::uint8_t label : out.labels)
    if (label >= out.label_names.size()) file.broken("it has label " + std::to_string(label));
}

bool is_mnist(const std::string& directory) {
  std::string text = fs::weakly_canonical(directory).string();
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("mnist") != std::string::npos && text.find("fashion") == std::string::npos;
}

}  // namespace

std::string find_idx_directory(const std::string& directory) {
  std::string chosen = directory;
  if (chosen.empty())
    if (const char* variable = std::getenv("DCGAN_DATA")) chosen = variable;
  if (chosen.empty()) chosen = debian_directory;
  if (find_file(chosen, images_name).empty())
    throw Error(chosen + "/" + images_name +
                ".gz is missing: install the package dataset-fashion-mnist, run tools/get_data.sh "
                "DIR, or name the folder that has it with --data DIR");
  return chosen;
}

Dataset read_idx_dataset(const std::string& directory) {
  Dataset data;
  if (is_mnist(directory)) {
    data.name = "MNIST";
    data.label_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  } else {
    data.name = "Fashion-MNIST";
    data.label_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  }
  const std::string images = find_file(directory, images_name);
  if (images.empty()) throw Error(directory + "/" + images_name + ".gz is missing");
  read_images(images, data);
  const std::string labels = find_file(directory, labels_name);
  if (!labels.empty()) read_labels(labels, data);
  return data;
}

}  // namespace dcgan
