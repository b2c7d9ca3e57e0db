#include "fuzz/header_damage.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "fuzz/in_memory_file.h"
#include "fuzz/json_damage.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"

namespace dcgan::fuzz {
namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 8;

/// The header parsed, if it is an object of objects.
json tensors_of(const std::string& header) {
  json all = json::parse(header, nullptr, false);
  if (!all.is_object()) return nullptr;
  for (const json& entry : all)
    if (!entry.is_object()) return nullptr;
  return all;
}

std::uint64_t bytes_of(const json& entry) {
  const json shape = entry.value("shape", json::array());
  const json type = entry.value("dtype", json("U8"));
  std::uint64_t bytes = type == "F32" ? 4 : type == "I64" ? 8 : 1;
  for (const json& n : shape) bytes *= n.is_number_unsigned() ? n.get<std::uint64_t>() : 1;
  return bytes;
}

/// One tensor after the other, without gaps; but `overlapping`, if there is one of that name, ends
/// where all end, over others.
void lay_out(json& tensors, const std::string& overlapping) {
  std::uint64_t at = 0;
  for (const auto& [name, entry] : tensors.items()) {
    if (name == "__metadata__" || name == overlapping) continue;
    const std::uint64_t end = at + bytes_of(entry);
    entry["data_offsets"] = {at, end};
    at = end;
  }
  if (overlapping.empty() || !tensors.contains(overlapping)) return;
  json& entry = tensors[overlapping];
  entry["data_offsets"] = {at - std::min(at, bytes_of(entry)), at};
}

constexpr std::uint64_t sizes[] = {0, 1, 2, 3, 28, 255, 65536, std::uint64_t{1} << 62};

/// The same size for all tensors along one of the first axes, such as a batch.
void damage_axis(json& tensors, std::mt19937& random) {
  const std::size_t axis = random() % 2;
  const std::uint64_t size = sizes[random() % std::size(sizes)];
  for (const auto& [name, entry] : tensors.items())
    if (name != "__metadata__" && entry["shape"].is_array() && entry["shape"].size() > axis)
      entry["shape"][axis] = size;
}

void damage_tensor(json& tensors, const std::string& name, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return random() % n; };
  json& entry = tensors[name];
  json& shape = entry["shape"];
  const bool known = shape.is_array() && !shape.empty();
  switch (below(6)) {
    case 0:
      tensors.erase(name);
      break;
    case 1:
      tensors[name + "x"] = entry;
      break;
    case 2:
      entry["dtype"] = std::vector<std::string>{"F32", "U8", "I64", "BF16"}[below(4)];
      break;
    case 3:
      while (known && !shape.empty() && below(3) != 0) shape.erase(below(shape.size()));
      break;
    default:
      if (known) shape[below(shape.size())] = sizes[below(std::size(sizes))];
  }
}

}  // namespace

std::string safetensors_file(const std::vector<TensorToWrite>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  const test::TemporaryFolder folder{memory()};
  write_safetensors(folder.path("file"), tensors, metadata);
  return read_file(folder.path("file"));
}

std::string header_of(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), length_bytes);
  return file.substr(length_bytes, length);
}

std::string unchecked_header_of(const std::string& file) {
  json header = json::parse(header_of(file));
  if (header.contains("__metadata__")) header["__metadata__"].erase("crc32");
  return header.dump();
}

std::string with_length(const std::string& header) {
  const std::uint64_t length = header.size();
  std::string file(length_bytes, '\0');
  std::memcpy(file.data(), &length, length_bytes);
  return file + header;
}

std::size_t claimed_bytes(const std::string& header) {
  constexpr unsigned long long most = 1 << 20;
  const std::string key = "\"data_offsets\":[";
  unsigned long long bytes = 0;
  for (std::size_t at = header.find(key); at != header.npos; at = header.find(key, at)) {
    at += key.size();
    const std::size_t comma = std::min(header.find(',', at), header.size() - 1);
    bytes = std::max(bytes, std::strtoull(header.c_str() + comma + 1, nullptr, 10));
  }
  return bytes > most ? 0 : static_cast<std::size_t>(bytes);
}

std::string damage_header(const std::string& header, unsigned seed, const Damage& bytes) {
  std::mt19937 random(seed);
  json tensors = tensors_of(header);
  if (random() % 3 == 0 || tensors.empty()) return bytes(header);
  json& metadata = tensors["__metadata__"];
  if (!metadata.empty() && random() % 2 == 0) {
    auto field = metadata.begin();
    std::advance(field, random() % metadata.size());
    if (field->is_string()) *field = damage_json(field->get<std::string>(), seed, bytes);
  } else {
    auto tensor = tensors.begin();
    std::advance(tensor, random() % tensors.size());
    const std::string name = tensor.key() == "__metadata__" ? "" : tensor.key();
    const bool overlaps = random() % 8 == 0;
    if (!overlaps && random() % 8 == 0)
      damage_axis(tensors, random);
    else if (!overlaps && !name.empty())
      damage_tensor(tensors, name, random);
    lay_out(tensors, overlaps ? name : "");
  }
  if (tensors["__metadata__"].empty()) tensors.erase("__metadata__");
  return tensors.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> header_words() {
  return {"__metadata__",
          "\"dtype\":\"F32\"",
          "\"dtype\":\"U8\"",
          "\"dtype\":\"I64\"",
          "\"shape\":[",
          "\"data_offsets\":[0,",
          "9223372036854775807",
          "18446744073709551615",
          "4294967296",
          "1e300",
          "null",
          "-1",
          "\\u0000"};
}

}  // namespace dcgan::fuzz
