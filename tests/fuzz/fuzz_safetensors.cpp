// Safetensors files, byte for byte.
#include "io/safetensors.h"

#include <string>
#include <vector>

#include "dcgan/error.h"
#include "fuzz/fuzzer.h"
#include "fuzz/header_damage.h"
#include "fuzz/in_memory_file.h"

namespace dcgan::fuzz {
namespace {

void read(const std::string& input) {
  static InMemoryFile memory;
  memory.write(input);
  const SafetensorsFile file(memory.path());
  std::uint64_t bytes = 0;
  for (const auto& [name, entry] : file.entries()) {
    bytes += entry.size_bytes;
    if (entry.dtype == DType::f32)
      require(file.f32(name, entry.shape).size() == entry.size_bytes / 4, "floats of 4 bytes");
    if (entry.dtype == DType::u8)
      require(file.u8(name, entry.shape).size() == entry.size_bytes, "bytes of one byte");
    require(file.shape(name) == entry.shape && !to_string(entry.shape).empty(),
            "shapes are listed");
  }
  require(bytes == file.data_bytes(), "the tensors fill the file");
  file.verify();
}

std::string damage(const std::string& input, unsigned seed, const Damage& bytes) {
  if (seed % 4 == 0 || input.size() < 8) return bytes(input);
  const std::string header = header_of(input);
  return with_length(damage_header(header, seed, bytes)) +
         input.substr(std::min(input.size(), 8 + header.size()));
}

std::vector<std::string> seeds() {
  const std::vector<float> floats(24, 1.5F);
  const std::vector<std::uint8_t> small(10, 7);
  const std::vector<std::int64_t> large(3, 9);
  return {safetensors_file({}), safetensors_file({{"a", DType::f32, {2, 3, 4}, floats.data()}}),
          // Without a checksum.
          with_length(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})") + "abc",
          safetensors_file({{"a", DType::f32, {4}, floats.data()},
                            {"b.kernel", DType::u8, {5, 2}, small.data()},
                            {"empty", DType::u8, {0}, small.data()},
                            {"scalar", DType::f32, {}, floats.data()},
                            {"c", DType::i64, {3}, large.data()}},
                           {{"format", "x"}, {"note", "\"quoted\"\n"}})};
}

}  // namespace

const Fuzzer fuzz_safetensors = {"safetensors", read, seeds, header_words, damage};

}  // namespace dcgan::fuzz
