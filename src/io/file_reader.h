// Reads parts of a file by their position.
#pragma once
#include <cstdint>
#include <string>

namespace dcgan {

class FileReader {
 public:
  /// Throws Error naming the file if it cannot be opened or is no regular file.
  explicit FileReader(const std::string& path);
  ~FileReader();
  FileReader(FileReader&&) noexcept;
  FileReader& operator=(FileReader&&) = delete;

  std::uint64_t size_bytes() const { return size_bytes_; }
  /// Throws Error naming the file if it ends before `bytes` are read, or on the system's word.
  void read_at(std::uint64_t offset_bytes, void* out, std::size_t bytes) const;

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_bytes_;
};

}  // namespace dcgan
