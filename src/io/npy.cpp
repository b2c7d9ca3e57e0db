// The header of a .npy file: magic, version, length, a literal of Python's, padded to 64 bytes.
#include "io/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include "dcgan/error.h"

namespace dcgan {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t longest_header = 1 << 16;  // NumPy itself refuses more than 10,000 bytes
constexpr std::size_t most_dimensions = 32;

struct Header {
  std::string descr;
  bool fortran_order = true;
  std::vector<std::int64_t> shape;
};

/// Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 100), }"; throws Error.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : rest_(text) {}

  Header read() {
    Header header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr" && !descr) {
        header.descr = word();
        descr = true;
      } else if (key == "fortran_order" && !order) {
        header.fortran_order = truth();
        order = true;
      } else if (key == "shape" && !shape) {
        header.shape = numbers();
        shape = true;
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty() || !descr || !order || !shape) fail();
    return header;
  }

 private:
  [[noreturn]] static void fail() { throw Error("its header is damaged, or of no plain array"); }

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
  }
  bool accept(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string word() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = rest_.find(quote);
    if (end == rest_.npos) fail();
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool truth() {
    skip_space();
    for (const std::string_view value : {"True", "False"})
      if (rest_.starts_with(value)) {
        rest_.remove_prefix(value.size());
        return value == "True";
      }
    fail();
  }
  std::vector<std::int64_t> numbers() {
    std::vector<std::int64_t> list;
    expect('(');
    while (!accept(')')) {
      std::int64_t n = 0;
      skip_space();
      const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
      if (read.ec != std::errc{} || n < 0 || list.size() == most_dimensions) fail();
      list.push_back(n);
      rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return list;
  }

  std::string_view rest_;
};

/// The text of the header and where the data begin.
std::string header_text(const FileReader& file, std::uint64_t& data_begin) {
  const auto damaged = [](const std::string& why) { return Error("it is no .npy file: " + why); };
  unsigned char start[8];
  if (file.size_bytes() < sizeof start) throw damaged("it is too short");
  file.read_at(0, start, sizeof start);
  if (std::memcmp(start, magic.data(), magic.size()) != 0)
    throw damaged("it does not begin as one");
  const int major = start[6], minor = start[7];
  if (major < 1 || major > 3 || minor != 0)
    throw Error("its format is " + std::to_string(major) + "." + std::to_string(minor));
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::uint64_t begin = sizeof start + length_bytes;
  if (file.size_bytes() < begin) throw damaged("it ends in its header");
  unsigned char length[4] = {};
  file.read_at(sizeof start, length, length_bytes);
  std::uint64_t size = 0;
  for (std::size_t i = length_bytes; i-- > 0;) size = size << 8 | length[i];
  if (size > longest_header || size > file.size_bytes() - begin)
    throw damaged("it ends in its header");
  std::string text(size, ' ');
  file.read_at(begin, text.data(), text.size());
  data_begin = begin + size;
  return text;
}

/// The number of values; throws Error if it is not what `bytes` hold.
std::int64_t checked_size(const std::vector<std::int64_t>& shape, std::size_t value_bytes,
                          std::uint64_t bytes) {
  // An array with a side of 0 is empty, however long its other sides are.
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  const std::uint64_t most = bytes / value_bytes;
  std::uint64_t size = empty ? 0 : 1;
  for (const std::int64_t n : shape) {
    if (empty) break;
    const auto side = static_cast<std::uint64_t>(n);
    size = size > most / side ? most + 1 : size * side;
  }
  if (size * value_bytes != bytes)
    throw Error("its header promises other than the " + std::to_string(bytes) +
                " bytes of data that follow it (is it cut off?)");
  return static_cast<std::int64_t>(size);
}

}  // namespace

NpyFile::NpyFile(const std::string& path, NpyTypes may_have) : path_(path), file_(path) {
  const bool or_bytes = may_have == NpyTypes::reals_or_bytes;
  try {
    const Header header = HeaderText(header_text(file_, data_begin_)).read();
    if (header.descr != "<f4" && header.descr != "<f8" && !(or_bytes && header.descr == "|u1"))
      throw Error("its values are of type '" + header.descr + "'");
    if (header.fortran_order) throw Error("it is in Fortran order");
    shape_ = header.shape;
    value_bytes_ = header.descr[2] - std::size_t{'0'};
    size_ = checked_size(shape_, value_bytes_, file_.size_bytes() - data_begin_);
  } catch (const Error& e) {
    throw Error(path + ": " + e.what() + "; expected what numpy.save writes of a " +
                (or_bytes ? "uint8, or " : "") +
                "little-endian float32 or float64 array in C order");
  }
}

std::vector<float> NpyFile::values(std::int64_t first, std::int64_t count) const {
  if (first < 0 || count < 0 || first > size_ - count)
    throw Error(path_ + ": it has no values beyond " + std::to_string(size_));
  std::vector<float> out(static_cast<std::size_t>(count));
  const std::uint64_t begin = data_begin_ + static_cast<std::uint64_t>(first) * value_bytes_;
  if (value_bytes_ == sizeof(float)) {
    file_.read_at(begin, out.data(), out.size() * sizeof(float));
    return out;
  }
  if (holds_bytes()) {
    std::vector<std::uint8_t> bytes(out.size());
    file_.read_at(begin, bytes.data(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
  }
  std::vector<double> wide(out.size());
  file_.read_at(begin, wide.data(), wide.size() * sizeof(double));
  std::transform(wide.begin(), wide.end(), out.begin(),
                 [](double value) { return static_cast<float>(value); });
  return out;
}

NpyWriter::NpyWriter(const std::string& path, const std::vector<std::int64_t>& shape)
    : file_(path) {
  std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const std::int64_t n : shape) dict += std::to_string(n) + ", ";
  dict += "), }";
  std::string header(magic);
  header.append({'\x01', '\x00'});
  while ((header.size() + 2 + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  header += dict;
  file_.write(std::as_bytes(std::span(header)));
}

void NpyWriter::write(std::span<const float> values) { file_.write(std::as_bytes(values)); }

void NpyWriter::finish() { file_.finish(); }

}  // namespace dcgan
