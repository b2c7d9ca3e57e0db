// The safetensors format: named tensors behind a JSON header, the files of weights, checkpoints and
// parity tapes. The reader trusts no length it finds in a file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/file_reader.h"

namespace dcgan {

enum class DType { f32, u8, i64 };

/// A tensor to be written; the caller keeps the bytes.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
};

/// Writes `path` whole or not at all: a temporary file beside it, fsync, rename, fsync of the
/// folder. Throws Error naming the file (full disk, missing or unwritable folder); no partial file
/// remains. A checksum of metadata and data is added to the metadata.
void write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// A safetensors file, its header read and checked: names, shapes, offsets that fill the file and
/// do not overlap. Tensors are read when they are asked for. Throws Error naming the file and what
/// is wrong with it.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  /// The same of a file's bytes in memory, which outlive it; `name` stands for its path.
  SafetensorsFile(const std::string& name, std::span<const std::byte> bytes);

  struct Entry {
    DType dtype;
    std::vector<std::int64_t> shape;
    std::size_t offset_bytes;  // into the data section
    std::size_t size_bytes;
  };

  const std::string& path() const { return path_; }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::uint64_t data_bytes() const { return file_.size_bytes() - data_begin_; }
  /// Throws Error if the file has a checksum and is not what was written.
  void verify() const;
  bool contains(const std::string& name) const { return entries_.count(name) != 0; }

  /// The tensor's elements. Throws Error naming file and tensor if it is
  /// missing, has another element type, or (where `shape` is not empty) another shape.
  std::vector<float> f32(const std::string& name,
                         const std::vector<std::int64_t>& shape = {}) const;
  std::vector<std::uint8_t> u8(const std::string& name,
                               const std::vector<std::int64_t>& shape = {}) const;
  /// The shape of a tensor; throws Error if it is missing.
  const std::vector<std::int64_t>& shape(const std::string& name) const;

 private:
  SafetensorsFile(const std::string& path, FileReader file);

  template <class T>
  std::vector<T> elements(const std::string& name, DType dtype,
                          const std::vector<std::int64_t>& wanted) const;

  std::string path_;
  FileReader file_;
  std::uint64_t data_begin_ = 0;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// "[2, 28, 28, 1]", for messages.
std::string to_string(const std::vector<std::int64_t>& shape);

}  // namespace dcgan
