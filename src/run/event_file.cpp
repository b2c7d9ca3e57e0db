// Records of protocol buffers, of which a few fields suffice: they are put together by hand.
#include "run/event_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "io/atomic_file.h"

namespace dcgan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_start = "events.out.tfevents.";

// Numbers of fields in Event, its SessionLog, its Summary and that one's Value.
constexpr int event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5,
              event_session_log = 7;
constexpr int session_status = 1, session_start = 1;
constexpr int summary_value = 1, value_tag = 1, value_simple = 2;

// How a field is packed: the three low bits of its key.
enum Packed { as_varint = 0, in_8_bytes = 1, with_length = 2, in_4_bytes = 5 };

template <class T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  return bytes;
}

/// Seven bits a byte, the low ones first; the eighth says that more follow.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  return bytes += static_cast<char>(value);
}

std::string key(int field, Packed packed) {
  return varint(static_cast<std::uint64_t>(field) << 3 | packed);
}

std::string field(int number, std::int64_t value) {
  return key(number, as_varint) + varint(static_cast<std::uint64_t>(value));
}
std::string field(int number, double value) {
  return key(number, in_8_bytes) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string field(int number, float value) {
  return key(number, in_4_bytes) + little_endian(std::bit_cast<std::uint32_t>(value));
}
std::string field(int number, std::string_view bytes) {
  return (key(number, with_length) + varint(bytes.size())).append(bytes);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string event(std::int64_t step) {
  return field(event_wall_time, seconds_now()) + field(event_step, step);
}

/// A file begins with the version, and says with which step the training does.
std::string beginning(std::int64_t first_step) {
  using namespace std::string_view_literals;
  return event_record(field(event_wall_time, seconds_now()) +
                      field(event_file_version, "brain.Event:2"sv)) +
         event_record(event(first_step) +
                      field(event_session_log, field(session_status, std::int64_t{session_start})));
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  constexpr std::uint32_t polynomial = 0x82F63B78;  // its bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? polynomial : 0);
    table[i] = rest;
  }
  return table;
}

/// A checksum as records have it: one of bytes that contain checksums would be a poor one.
std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xA282EAD8u; }

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || !name[0]) return "localhost";
  std::string host = name;
  for (char& c : host)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') c = '_';
  return host;
}

/// Files are read in the order of their names, which begin with ten digits of seconds: a new one
/// has more of them than any other, whatever the clock says.
std::string next_path(const std::string& folder) {
  constexpr std::int64_t most = 9'999'999'998;
  auto seconds = static_cast<std::int64_t>(seconds_now());
  for (const std::string& path : event_files(folder)) {
    const std::string name = fs::path(path).filename().string().substr(name_start.size());
    std::int64_t of_file = 0;
    std::from_chars(name.data(), name.data() + name.size(), of_file);
    if (of_file <= most) seconds = std::max(seconds, of_file + 1);
  }
  std::string digits = std::to_string(seconds);
  digits.insert(0, 10 - std::min<std::size_t>(10, digits.size()), '0');
  return folder + "/" + std::string(name_start) + digits + "." + host_name();
}

/// Under its name the file has its beginning.
std::string create(const std::string& folder, std::int64_t first_step) {
  std::string path = next_path(folder);
  write_file_atomically(path, beginning(first_step));
  return path;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> table = make_crc_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

std::string event_record(std::string_view bytes) {
  const std::string length = little_endian(std::uint64_t{bytes.size()});
  std::string record = length + little_endian(masked(crc32c(length)));
  record += bytes;
  return record += little_endian(masked(crc32c(bytes)));
}

std::vector<std::string> event_files(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none))
    if (entry.path().filename().string().starts_with(name_start) && entry.is_regular_file(none))
      paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

EventFile::EventFile(const std::string& folder, std::int64_t first_step)
    : file_(create(folder, first_step)) {}

void EventFile::add(std::int64_t step, const std::vector<Scalar>& scalars) {
  std::string values;
  for (const Scalar& s : scalars)
    values += field(summary_value, field(value_tag, std::string_view(s.tag)) +
                                       field(value_simple, static_cast<float>(s.value)));
  file_.append(event_record(event(step) + field(event_summary, values)));
}

}  // namespace dcgan
