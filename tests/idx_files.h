// IDX files as MNIST and Fashion-MNIST have them, made for a test.
#pragma once
#include <zlib.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/atomic_file.h"

namespace dcgan::test {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

/// Header (magic, then sizes) and data.
inline std::string idx(std::uint32_t magic, const std::vector<std::uint32_t>& sizes,
                       const std::string& data) {
  std::string file = big_endian(magic);
  for (const std::uint32_t size : sizes) file += big_endian(size);
  return file + data;
}

/// count images of height x width whose pixels all differ from their neighbours'.
inline std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  std::string pixels;
  for (std::uint32_t i = 0; i < count * height * width; ++i)
    pixels += static_cast<char>(i * 2654435761u >> 13);
  return idx(0x0803, {count, height, width}, pixels);
}

inline std::string idx_labels(std::uint32_t count) {
  std::string labels;
  for (std::uint32_t i = 0; i < count; ++i) labels += static_cast<char>(i % 10);
  return idx(0x0801, {count}, labels);
}

inline std::string gzipped(const std::string& text) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (deflateInit2(&stream, 9, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

constexpr const char* images_file = "train-images-idx3-ubyte";
constexpr const char* labels_file = "train-labels-idx1-ubyte";

/// A whole little data set of 28x28 images in `directory`.
inline void write_idx_dataset(const std::string& directory, std::uint32_t count) {
  write_file_atomically(directory + "/" + images_file + ".gz", gzipped(idx_images(count, 28, 28)));
  write_file_atomically(directory + "/" + labels_file + ".gz", gzipped(idx_labels(count)));
}

}  // namespace dcgan::test
