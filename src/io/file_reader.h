// Reads parts of a file, or of bytes in memory, by their position.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dcgan {

class FileReader {
 public:
  /// Throws Error naming the file if it cannot be opened or is no regular file.
  explicit FileReader(const std::string& path);
  /// Reads bytes that outlive it, as if they were in a file of this name.
  FileReader(std::string name, std::span<const std::byte> bytes);
  ~FileReader();
  FileReader(FileReader&&) noexcept;
  FileReader& operator=(FileReader&&) = delete;

  std::uint64_t size_bytes() const { return size_bytes_; }
  /// Throws Error naming the file if it ends before `bytes` are read, or on the system's word.
  void read_at(std::uint64_t offset_bytes, void* out, std::size_t bytes) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  const std::byte* memory_ = nullptr;  // in place of a descriptor
  std::uint64_t size_bytes_ = 0;
};

}  // namespace dcgan
