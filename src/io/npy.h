// NumPy's .npy files of real numbers or bytes, as numpy.save writes and numpy.load reads them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/atomic_file.h"
#include "io/file_reader.h"

namespace dcgan {

/// What values an array may have.
enum class NpyTypes { reals, reals_or_bytes };

/// An array on disk, its header read and checked against the file's size: formats 1.0 to 3.0,
/// little-endian float32 or float64, or uint8 where that may be, in C order. Values are read when
/// they are asked for. Throws Error naming the file, what is wrong with it and what is expected.
class NpyFile {
 public:
  explicit NpyFile(const std::string& path, NpyTypes may_have = NpyTypes::reals);

  const std::string& path() const { return path_; }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  /// The number of values.
  std::int64_t size() const { return size_; }
  /// Whether its values are bytes.
  bool holds_bytes() const { return value_bytes_ == 1; }
  /// Values first to first + count in C order; float64 is rounded, bytes are from 0 to 255.
  std::vector<float> values(std::int64_t first, std::int64_t count) const;

 private:
  std::string path_;
  FileReader file_;
  std::vector<std::int64_t> shape_;
  std::int64_t size_ = 0;
  std::uint64_t data_begin_ = 0;
  std::size_t value_bytes_ = 0;
};

/// Writes float32 values as they come, format 1.0. The file appears when it is finished, after as
/// many values as its shape has.
class NpyWriter {
 public:
  NpyWriter(const std::string& path, const std::vector<std::int64_t>& shape);
  void write(std::span<const float> values);
  void finish();

 private:
  AtomicFile file_;
};

}  // namespace dcgan
