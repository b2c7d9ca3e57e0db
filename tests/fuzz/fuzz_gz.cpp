// IDX files of images, gzipped: damaged as they are, or unpacked and packed again.
#include <zlib.h>

#include <string>
#include <vector>

#include "dcgan/dataset.h"
#include "fuzz/fuzzer.h"
#include "fuzz/in_memory_file.h"
#include "idx_files.h"

namespace dcgan::fuzz {
namespace {

void read(const std::string& input) {
  static InMemoryFile file;
  file.write(input);
  const Dataset data = read_idx_dataset(file.path());
  require(data.pixels.size() == data.image_bytes() * static_cast<std::size_t>(data.count),
          "as many pixels as the images have");
}

/// As much as can be unpacked, up to 64 KiB.
std::string unpacked(const std::string& packed) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (inflateInit2(&stream, gzip_window) != Z_OK) return "";
  std::string out(std::size_t{1} << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string damage(const std::string& input, unsigned seed, const Damage& bytes) {
  return seed % 2 == 0 ? bytes(input) : test::gzipped(bytes(unpacked(input)));
}

std::vector<std::string> seeds() {
  const std::string whole = test::idx_images(4, 9, 5);
  return {test::gzipped(whole),
          test::gzipped(whole.substr(0, 50)) + test::gzipped(whole.substr(50)),
          test::gzipped(test::idx(0x0803, {2, 200, 200}, std::string(80'000, 'x')))};
}

}  // namespace

const Fuzzer fuzz_gz = {"gz", read, seeds, nullptr, damage};

}  // namespace dcgan::fuzz
