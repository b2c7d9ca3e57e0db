// Reads and writes the safetensors format (8 bytes of header length, a JSON header, the data).
#include "io/safetensors.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "dcgan/error.h"
#include "io/atomic_file.h"
#include "io/checksum.h"
#include "io/json.h"
#include "io/visible.h"

namespace dcgan {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::size_t length_bytes = 8;
constexpr const char* checksum_key = "crc32";
constexpr std::uint64_t largest_header_bytes = 100'000'000;  // the format's own limit

struct DTypeName {
  DType dtype;
  const char* name;
  std::size_t bytes;
};
constexpr DTypeName dtypes[] = {
    {DType::f32, "F32", 4}, {DType::u8, "U8", 1}, {DType::i64, "I64", 8}};

const DTypeName& describe(DType dtype) {
  for (const DTypeName& d : dtypes)
    if (d.dtype == dtype) return d;
  throw Error("unknown element type");
}

/// Untrusted text as part of a message.
std::string excerpt(const std::string& text) { return visible(text.substr(0, 100)); }

/// The number of elements, or -1 where a dimension is negative or the product overflows.
std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape)
    if (n < 0 || __builtin_mul_overflow(count, n, &count)) return -1;
  return count;
}

std::size_t size_bytes(const TensorToWrite& t) {
  return static_cast<std::size_t>(element_count(t.shape)) * describe(t.dtype).bytes;
}

/// Of the metadata, ready for the data to be added.
Checksum start_checksum(const std::map<std::string, std::string>& metadata) {
  Checksum sum;
  for (const auto& [key, value] : metadata)
    if (key != checksum_key) sum.add(key + "=" + value + "\n");
  return sum;
}

SafetensorsFile::Entry parse_entry(const json& value, std::size_t data_bytes) {
  SafetensorsFile::Entry entry{};
  const std::string name = value.at("dtype").get<std::string>();
  const DTypeName* dtype = nullptr;
  for (const DTypeName& d : dtypes)
    if (name == d.name) dtype = &d;
  if (!dtype) throw Error("element type " + excerpt(name).substr(0, 20) + " is not supported");
  entry.dtype = dtype->dtype;
  for (const json& n : value.at("shape")) {
    if (!n.is_number_unsigned() || n.get<std::uint64_t>() > std::uint64_t{INT64_MAX})
      throw Error("a dimension is not a whole number");
    entry.shape.push_back(n.get<std::int64_t>());
  }
  const json& offsets = value.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw Error("data_offsets are not two whole numbers");
  const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data_bytes) throw Error("its data lies outside the file");
  const std::int64_t count = element_count(entry.shape);
  std::int64_t bytes = 0;
  if (count < 0 || __builtin_mul_overflow(count, static_cast<std::int64_t>(dtype->bytes), &bytes) ||
      static_cast<std::uint64_t>(bytes) != end - begin)
    throw Error("shape " + to_string(entry.shape) + " and data size differ");
  entry.offset_bytes = begin;
  entry.size_bytes = end - begin;
  return entry;
}

/// The format has the data filled without gaps or overlaps.
void check_layout(const std::map<std::string, SafetensorsFile::Entry>& entries,
                  std::size_t data_bytes) {
  std::map<std::size_t, std::size_t> ends;  // by begin
  for (const auto& [name, e] : entries)
    if (e.size_bytes && !ends.emplace(e.offset_bytes, e.offset_bytes + e.size_bytes).second)
      throw Error("tensor '" + excerpt(name) + "' overlaps another");
  std::size_t reached = 0;
  for (const auto& [begin, end] : ends) {
    if (begin < reached) throw Error("tensors overlap");
    if (begin > reached) throw Error("there are bytes that belong to no tensor");
    reached = end;
  }
  if (reached != data_bytes) throw Error("there are bytes after its last tensor");
}

void parse_header(const std::string& text, std::size_t data_bytes,
                  std::map<std::string, SafetensorsFile::Entry>& entries,
                  std::map<std::string, std::string>& metadata) {
  const json header = parse_json(text);
  if (!header.is_object()) throw Error("its header is not a JSON object");
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      metadata = value.get<std::map<std::string, std::string>>();
      continue;
    }
    try {
      entries[name] = parse_entry(value, data_bytes);
    } catch (const std::exception& e) {
      throw Error("tensor '" + excerpt(name) + "': " + e.what());
    }
  }
  check_layout(entries, data_bytes);
}

}  // namespace

std::string to_string(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  auto header = nlohmann::ordered_json::object();
  Checksum sum = start_checksum(metadata);
  std::vector<std::span<const std::byte>> parts(2);
  for (const TensorToWrite& t : tensors) {
    parts.emplace_back(static_cast<const std::byte*>(t.data), size_bytes(t));
    sum.add(parts.back());
  }
  header["__metadata__"] = metadata;
  header["__metadata__"][checksum_key] = sum.text();
  std::size_t offset = 0;
  for (const TensorToWrite& t : tensors) {
    const std::size_t bytes = size_bytes(t);
    header[t.name] = {{"dtype", describe(t.dtype).name},
                      {"shape", t.shape},
                      {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts aligned
  const std::uint64_t length = text.size();
  parts[0] = std::as_bytes(std::span(&length, 1));
  parts[1] = std::as_bytes(std::span(text));
  write_file_atomically(path, parts);
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : SafetensorsFile(path, FileReader(path)) {}

SafetensorsFile::SafetensorsFile(const std::string& name, std::span<const std::byte> bytes)
    : SafetensorsFile(name, FileReader(name, bytes)) {}

SafetensorsFile::SafetensorsFile(const std::string& path, FileReader file)
    : path_(path), file_(std::move(file)) {
  try {
    std::uint64_t length = 0;
    const std::uint64_t size = file_.size_bytes();
    if (size < length_bytes) throw Error("too short");
    file_.read_at(0, &length, length_bytes);
    if (length > largest_header_bytes || length > size - length_bytes)
      throw Error("its header is longer than the file");
    std::string text(length, '\0');
    file_.read_at(length_bytes, text.data(), length);
    data_begin_ = length_bytes + length;
    parse_header(text, size - data_begin_, entries_, metadata_);
  } catch (const json::exception& e) {
    throw Error(path + ": not a safetensors file: its JSON header is malformed (" +
                excerpt(e.what()) + ")");
  } catch (const std::exception& e) {
    throw Error(path + ": not a safetensors file: " + e.what());
  }
}

void SafetensorsFile::verify() const {
  const auto stored = metadata_.find(checksum_key);
  if (stored == metadata_.end()) return;  // of another program, or of version 0.2 and before
  Checksum sum = start_checksum(metadata_);
  std::vector<std::byte> block(1 << 20);
  const std::uint64_t end = file_.size_bytes();
  for (std::uint64_t at = data_begin_; at < end; at += block.size()) {
    if (end - at < block.size()) block.resize(end - at);
    file_.read_at(at, block.data(), block.size());
    sum.add(block);
  }
  if (sum.text() != stored->second)
    throw Error(path_ + ": it is damaged: its checksum is " + sum.text() + ", not " +
                excerpt(stored->second));
}

const std::vector<std::int64_t>& SafetensorsFile::shape(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(path_ + ": there is no tensor '" + name + "'");
  return found->second.shape;
}

template <class T>
std::vector<T> SafetensorsFile::elements(const std::string& name, DType dtype,
                                         const std::vector<std::int64_t>& wanted) const {
  const std::vector<std::int64_t>& have = shape(name);
  const Entry& entry = entries_.at(name);
  if (!wanted.empty() && have != wanted)
    throw Error(path_ + ": '" + name + "' has shape " + to_string(have) + "; expected " +
                to_string(wanted));
  if (entry.dtype != dtype)
    throw Error(path_ + ": '" + name + "' holds " + describe(entry.dtype).name + "; expected " +
                describe(dtype).name);
  std::vector<T> out(entry.size_bytes / sizeof(T));
  file_.read_at(data_begin_ + entry.offset_bytes, out.data(), entry.size_bytes);
  return out;
}

std::vector<float> SafetensorsFile::f32(const std::string& name,
                                        const std::vector<std::int64_t>& shape) const {
  return elements<float>(name, DType::f32, shape);
}

std::vector<std::uint8_t> SafetensorsFile::u8(const std::string& name,
                                              const std::vector<std::int64_t>& shape) const {
  return elements<std::uint8_t>(name, DType::u8, shape);
}

}  // namespace dcgan
