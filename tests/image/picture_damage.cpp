#include "picture_damage.h"

#include <zlib.h>

#include <algorithm>

namespace dcgan::test {
namespace {

using Parts = std::vector<std::string>;

unsigned byte(const std::string& text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

std::string join(const Parts& parts) {
  std::string whole;
  for (const std::string& part : parts) whole += part;
  return whole;
}

/// Segments with their markers; the coded data after a scan's header are a part of their own.
Parts jpeg_parts(const std::string& file) {
  Parts parts;
  for (std::size_t at = 0; at < file.size();) {
    const unsigned marker = byte(file, at + 1);
    const bool alone = marker == 0xD8 || marker == 0xD9;
    const std::size_t size = 2 + (alone ? 0 : byte(file, at + 2) << 8 | byte(file, at + 3));
    parts.push_back(file.substr(at, size));
    at = std::min(file.size(), at + size);
    if (marker != 0xDA) continue;
    std::size_t end = at;
    while (end < file.size() && (byte(file, end) != 0xFF || byte(file, end + 1) == 0 ||
                                 (byte(file, end + 1) & 0xF8) == 0xD0))
      ++end;
    parts.push_back(file.substr(at, end - at));
    at = end;
  }
  return parts;
}

constexpr std::size_t png_signature_bytes = 8;

/// Chunks as type and data, image data unpacked.
Parts png_parts(const std::string& file) {
  Parts parts;
  for (std::size_t at = png_signature_bytes; at < file.size();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | byte(file, at + i);
    std::string part = file.substr(std::min(at + 4, file.size()), 4 + size);
    if (part.starts_with("IDAT")) {
      std::string plain(std::size_t{1} << 16, 0);
      uLongf bytes = plain.size();
      uncompress(reinterpret_cast<Bytef*>(plain.data()), &bytes,
                 reinterpret_cast<const Bytef*>(part.data()) + 4, part.size() - 4);
      part = "IDAT" + plain.substr(0, bytes);
    }
    parts.push_back(part);
    at += 12 + size;
  }
  return parts;
}

void append_number(std::string& text, std::size_t number) {
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(number >> shift);
}

std::string png_chunk(std::string part) {
  if (part.starts_with("IDAT")) {
    uLongf bytes = compressBound(part.size());
    std::string packed(bytes, 0);
    compress(reinterpret_cast<Bytef*>(packed.data()), &bytes,
             reinterpret_cast<const Bytef*>(part.data()) + 4, part.size() - 4);
    part = "IDAT" + packed.substr(0, bytes);
  }
  part.resize(std::max<std::size_t>(part.size(), 4), 'x');
  std::string chunk;
  append_number(chunk, part.size() - 4);
  chunk += part;
  append_number(
      chunk, crc32(0, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size())));
  return chunk;
}

}  // namespace

void PictureDamage::damage(Parts& parts, const Parts& others, const Parts& names) {
  constexpr std::size_t content_at = 4;  // after a segment's marker and length, or a chunk's type
  if (parts.empty()) return;
  const std::size_t at = below(parts.size());
  std::string& part = parts[at];
  const auto anywhere = [&] { return parts.begin() + static_cast<long>(below(parts.size() + 1)); };
  switch (below(8)) {
    case 0:
      parts.erase(parts.begin() + static_cast<long>(at));
      break;
    case 1: {
      const std::string copy = part;
      parts.insert(anywhere(), copy);
      break;
    }
    case 2:
      std::swap(part, parts[below(parts.size())]);
      break;
    case 3: {
      const std::string& name = names[below(names.size())];
      if (part.size() >= name.size()) part.replace(0, name.size(), name);
      break;
    }
    case 4:
      if (!others.empty()) parts.insert(anywhere(), others[below(others.size())]);
      break;
    case 5:  // anywhere in the part
      if (part.size() > content_at)
        part[content_at + below(part.size() - content_at)] = static_cast<char>(random_());
      break;
    default:  // where sizes, kinds and numbers of tables stand: mostly small ones
      if (part.size() > content_at) {
        const char values[] = {0, 1, 2, 3, 4, 8, 16, 17, 18, 32, 34, 63, '\x7f', '\xff'};
        part[content_at + below(std::min<std::size_t>(part.size() - content_at, 20))] =
            values[below(sizeof values)];
      }
  }
}

std::string PictureDamage::operator()(const std::string& whole, const std::string& other) {
  const bool jpeg = whole.starts_with("\xFF\xD8");
  const Parts names =
      jpeg ? Parts{"\xFF\xC0", "\xFF\xC1", "\xFF\xC2", "\xFF\xC4", "\xFF\xC9", "\xFF\xCA",
                   "\xFF\xCC", "\xFF\xD0", "\xFF\xD9", "\xFF\xDA", "\xFF\xDB", "\xFF\xDC",
                   "\xFF\xDD", "\xFF\xE1", "\xFF\xEE", "\xFF\xFE", "\xFF\xFF"}
           : Parts{"IHDR", "PLTE", "tRNS", "IDAT", "IEND", "gAMA", "iCCP", "zTXt", "sBIT", "what"};
  Parts parts = jpeg ? jpeg_parts(whole) : png_parts(whole);
  const bool alike = other.starts_with(whole.substr(0, 2));
  const Parts others = !alike ? Parts() : jpeg ? jpeg_parts(other) : png_parts(other);
  for (std::size_t n = 1 + below(3); n > 0; --n) damage(parts, others, names);
  if (jpeg) return join(parts);
  std::transform(parts.begin(), parts.end(), parts.begin(), png_chunk);
  return whole.substr(0, png_signature_bytes) + join(parts);
}

}  // namespace dcgan::test
