// The IDX format of MNIST and Fashion-MNIST, plain or gzipped.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "data/idx_files.h"
#include "data/picture_files.h"
#include "dcgan/dataset.h"
#include "dcgan/error.h"
#include "io/checksum.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t images_magic = 0x0803, labels_magic = 0x0801;
constexpr std::uint32_t largest_side = 4096;
constexpr std::uint64_t largest_bytes = std::uint64_t{1} << 32;

/// The data sets that are known, by the CRC-32 of their files when unpacked.
struct KnownFiles {
  std::uint32_t images, labels;
  const char* name;
};
constexpr KnownFiles known_files[] = {{0xE9F4D8B3, 0xE0CB4AD2, "MNIST"},
                                      {0x91373BDF, 0x4AB9EFF9, "MNIST (test images)"},
                                      {0xB4F29F28, 0x741A4657, "Fashion-MNIST"},
                                      {0x678FE0B1, 0x80142C1F, "Fashion-MNIST (test images)"}};

std::vector<std::string> label_names(std::string_view data_set) {
  if (data_set.starts_with("MNIST")) return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
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
      sum_.add(std::as_bytes(std::span(to, static_cast<std::size_t>(got))));
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
  /// Of all that was read.
  std::uint32_t crc() const { return sum_.value(); }
  void expect_magic(std::uint32_t magic, const char* kind) {
    const std::uint32_t got = big_endian();
    if (got == magic) return;
    char text[128];
    std::snprintf(text, sizeof text, ": not an IDX file of %s: its magic number is %08x, not %08x",
                  kind, got, magic);
    throw Error(path_ + text + (got == labels_magic ? "; these are labels" : "") +
                "; name the file of images, or its folder, with --data");
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
  Checksum sum_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// Reads in portions, so that a header that lies about its size costs no memory: what is reserved
/// and never written takes none.
std::vector<std::uint8_t> read_bytes(GzFile& file, std::uint64_t count) {
  constexpr std::uint64_t portion = 1 << 24;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(count);
  while (bytes.size() < count) {
    const std::size_t have = bytes.size();
    bytes.resize(have + static_cast<std::size_t>(std::min(portion, count - have)));
    file.read(bytes.data() + have, bytes.size() - have, "data");
  }
  return bytes;
}

/// zlib unpacks a byte to no more than 1032; a plain file holds fewer.
std::uint64_t most_unpacked_bytes(const std::string& path) {
  std::error_code none;
  const std::uintmax_t bytes = fs::file_size(path, none);
  return none ? largest_bytes : bytes * 1032;
}

/// Returns the file's checksum, as read_labels does.
std::uint32_t read_images(const std::string& path, Dataset& out) {
  GzFile file(path);
  file.expect_magic(images_magic, "8-bit images");
  const std::uint32_t count = file.big_endian(), height = file.big_endian(),
                      width = file.big_endian();
  if (count == 0 || height == 0 || width == 0) file.broken("its header announces no images");
  if (height > largest_side || width > largest_side ||
      std::uint64_t{count} * height * width > std::min(largest_bytes, most_unpacked_bytes(path)))
    file.broken("it announces " + std::to_string(count) + " images of " + std::to_string(height) +
                "x" + std::to_string(width));
  out.count = count;
  out.height = static_cast<int>(height);
  out.width = static_cast<int>(width);
  out.channels = 1;
  out.pixels = read_bytes(file, std::uint64_t{count} * height * width);
  file.expect_end();
  return file.crc();
}

std::uint32_t read_labels(const std::string& path, Dataset& out) {
  GzFile file(path);
  file.expect_magic(labels_magic, "labels");
  const std::uint32_t count = file.big_endian();
  if (count != out.count)
    file.broken("it has " + std::to_string(count) + " labels for " + std::to_string(out.count) +
                " images");
  out.labels = read_bytes(file, count);
  file.expect_end();
  return file.crc();
}

}  // namespace

Dataset read_idx_dataset(const std::string& place, Split split) {
  Dataset data;
  const IdxFiles files = find_idx_files(place, split);
  const std::uint32_t images = read_images(files.images, data);
  const std::uint32_t labels = files.labels.empty() ? 0 : read_labels(files.labels, data);
  data.name = name_of(files.place);
  data.place = fs::absolute(files.place).lexically_normal().string();
  for (const KnownFiles& known : known_files) {
    if (known.images != images) continue;
    data.name = known.name;
    if (known.labels == labels) data.label_names = label_names(known.name);
  }
  return data;
}

}  // namespace dcgan
