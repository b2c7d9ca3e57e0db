// Test data in a backend's memory. Operands that are only read lie in memory of exactly their size;
// results lie between canaries, which show a write before or after them on any backend, and are NaN
// until they are written.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace dcgan::test {

using Floats = std::vector<float>;

/// A result as it came back; bytes are widened to floats.
struct Result {
  std::string name;
  Floats values;
  bool canaries_alive;
};

/// An operand that is only read.
template <class T>
class Input {
 public:
  Input(Backend& backend, const std::vector<T>& values)
      : backend_(backend), buffer_(backend.allocate(values.size() * sizeof(T))) {
    set(values);
  }
  void set(const std::vector<T>& values) {
    backend_.upload(buffer_.u8(), values.data(), values.size() * sizeof(T));
  }
  const T* data() const { return reinterpret_cast<const T*>(buffer_.u8()); }

 private:
  Backend& backend_;
  Buffer buffer_;
};

/// A result, or an operand that is changed in place.
template <class T>
class Output {
 public:
  Output(Backend& backend, std::string name, std::int64_t n)
      : Output(backend, std::move(name), std::vector<T>(static_cast<std::size_t>(n), unwritten())) {
  }
  Output(Backend& backend, std::string name, std::vector<T> initial)
      : backend_(backend),
        name_(std::move(name)),
        initial_(std::move(initial)),
        buffer_(backend.allocate(2 * canary_bytes + size_bytes())) {
    const std::vector<std::uint8_t> canary(canary_bytes, canary_byte);
    backend.upload(buffer_.u8(), canary.data(), canary_bytes);
    backend.upload(buffer_.u8() + canary_bytes + size_bytes(), canary.data(), canary_bytes);
    restore();
  }

  void restore() { set(initial_); }
  void set(const std::vector<T>& values) { backend_.upload(data(), values.data(), size_bytes()); }
  T* data() const { return reinterpret_cast<T*>(buffer_.u8() + canary_bytes); }

  Result read() const {
    std::vector<std::uint8_t> bytes(2 * canary_bytes + size_bytes());
    backend_.download(bytes.data(), buffer_.u8(), bytes.size());
    std::vector<T> values(initial_.size());
    if (!values.empty())  // nothing may be copied to null
      std::memcpy(values.data(), bytes.data() + canary_bytes, size_bytes());
    const auto alive = [&](std::size_t first) {
      return std::all_of(bytes.data() + first, bytes.data() + first + canary_bytes,
                         [](std::uint8_t b) { return b == canary_byte; });
    };
    return {name_, Floats(values.begin(), values.end()),
            alive(0) && alive(canary_bytes + size_bytes())};
  }
  Floats values() const { return read().values; }

 private:
  // Whole cache lines, so that what lies between them is aligned as a buffer is. Read by mistake
  // they are -1.7e38, which no result survives.
  static constexpr std::size_t canary_bytes = 256;
  static constexpr std::uint8_t canary_byte = 0xFE;

  static T unwritten() {
    T value;
    std::memset(&value, 0xFF, sizeof value);
    return value;
  }
  std::size_t size_bytes() const { return initial_.size() * sizeof(T); }

  Backend& backend_;
  std::string name_;
  std::vector<T> initial_;
  Buffer buffer_;
};

}  // namespace dcgan::test
