// The program of one fuzzer, built with clang's libFuzzer. fuzz_NAME --prepare DIR writes its seeds
// into DIR/NAME and its dictionary to DIR/NAME.words; anything else is libFuzzer's. tools/fuzz.sh
// does both.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "dcgan/error.h"
#include "fuzz/fuzzer.h"

namespace {

const dcgan::fuzz::Fuzzer& fuzzer = dcgan::fuzz::DCGAN_FUZZER;

std::string quoted(const std::string& word) {
  std::string text = "\"";
  for (const char c : word) {
    char code[8];
    std::snprintf(code, sizeof code, "\\x%02X",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    text += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : code;
  }
  return text + "\"\n";
}

void prepare(const std::string& folder) {
  const std::string seeds = folder + "/" + fuzzer.name;
  std::filesystem::create_directories(seeds);
  int n = 0;
  for (const std::string& seed : fuzzer.seeds())
    std::ofstream(seeds + "/" + std::to_string(n++), std::ios::binary) << seed;
  std::ofstream words(seeds + ".words");
  if (fuzzer.words)
    for (const std::string& word : fuzzer.words()) words << quoted(word);
}

}  // namespace

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most_bytes);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most_bytes,
                                    unsigned seed);
int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::string_view((*argv)[1]) != "--prepare") return 0;
  prepare((*argv)[2]);
  std::exit(0);
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most_bytes,
                                    unsigned seed) {
  if (!fuzzer.damage) return LLVMFuzzerMutate(data, size, most_bytes);
  const dcgan::fuzz::Damage bytes = [&](const std::string& text) {
    std::string room = text.substr(0, most_bytes);
    const std::size_t whole = room.size();
    room.resize(most_bytes);
    room.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(room.data()), whole, most_bytes));
    return room;
  };
  const std::string damaged =
      fuzzer.damage(std::string(reinterpret_cast<const char*>(data), size), seed, bytes);
  size = std::min(damaged.size(), most_bytes);
  std::copy_n(damaged.begin(), size, data);
  return size;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    fuzzer.read(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const dcgan::Error&) {
  }
  return 0;
}

}  // extern "C"
