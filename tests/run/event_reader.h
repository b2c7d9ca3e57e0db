// Reads event files as their format says, and shares no code with what writes them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/atomic_file.h"

namespace dcgan::test {

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  bool starts_session = false;
  std::vector<std::pair<std::string, float>> scalars;
};

/// By tag, the values by step.
using Curves = std::map<std::string, std::map<std::int64_t, float>>;

/// A bit at a time.
inline std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const bool odd = ((crc ^ (static_cast<unsigned char>(c) >> bit)) & 1) != 0;
      crc = (crc >> 1) ^ (odd ? 0x82F63B78U : 0);
    }
  return ~crc;
}

/// Takes what a file or message has, front to back.
class EventBytes {
 public:
  explicit EventBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  bool done() const { return at_ == bytes_.size(); }
  std::string take(std::size_t count) {
    if (count > bytes_.size() - at_) throw std::runtime_error("ends too early");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <class T>
  T take() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
  }
  std::string checked(std::size_t count) {
    std::string bytes = take(count);
    const auto stored = take<std::uint32_t>() - 0xA282EAD8U;
    if (((stored >> 17) | (stored << 15)) != slow_crc32c(bytes))
      throw std::runtime_error("a checksum is wrong");
    return bytes;
  }
  std::string record() {
    std::uint64_t length = 0;
    std::memcpy(&length, checked(8).data(), 8);
    return checked(length);
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

inline std::pair<std::string, float> scalar_of(EventBytes value) {
  std::pair<std::string, float> scalar;
  while (!value.done()) switch (value.varint()) {
      case 1 << 3 | 2:
        scalar.first = value.take(value.varint());
        break;
      case 2 << 3 | 5:
        scalar.second = value.take<float>();
        break;
      default:
        throw std::runtime_error("an unknown field of a value");
    }
  return scalar;
}

inline Event event_of(EventBytes message) {
  Event event;
  while (!message.done()) switch (message.varint()) {
      case 1 << 3 | 1:
        event.wall_time = message.take<double>();
        break;
      case 2 << 3 | 0:
        event.step = static_cast<std::int64_t>(message.varint());
        break;
      case 3 << 3 | 2:
        event.file_version = message.take(message.varint());
        break;
      case 5 << 3 | 2:
        for (EventBytes summary(message.take(message.varint())); !summary.done();) {
          if (summary.varint() != (1 << 3 | 2)) throw std::runtime_error("no value");
          event.scalars.push_back(scalar_of(EventBytes(summary.take(summary.varint()))));
        }
        break;
      case 7 << 3 | 2:
        event.starts_session = message.take(message.varint()) == std::string("\x08\x01");
        break;
      default:
        throw std::runtime_error("an unknown field of an event");
    }
  return event;
}

inline std::vector<Event> read_event_file(const std::string& path) {
  std::vector<Event> events;
  for (EventBytes file(read_file(path)); !file.done();)
    events.push_back(event_of(EventBytes(file.record())));
  return events;
}

/// In the order of their names.
inline std::vector<std::string> files_of_events(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().find("tfevents") != std::string::npos)
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// As TensorBoard shows them: a session's start takes back its step and later ones.
inline Curves curves_of(const std::string& folder) {
  Curves curves;
  for (const std::string& path : files_of_events(folder))
    for (const Event& event : read_event_file(path)) {
      if (event.starts_session)
        for (auto& [tag, points] : curves)
          points.erase(points.lower_bound(event.step), points.end());
      for (const auto& [tag, value] : event.scalars)
        if (!curves[tag].emplace(event.step, value).second)
          throw std::runtime_error(tag + " has two values of one step");
    }
  std::erase_if(curves, [](const auto& curve) { return curve.second.empty(); });
  return curves;
}

}  // namespace dcgan::test
