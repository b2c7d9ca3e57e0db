// Parity tapes, as replay reads them. An input is a file's header; the data are zeros, as many as
// it claims. Each is tried on two GANs: one whose step is simultaneous, and one that alternates.
#include "train/replay.h"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "dcgan/error.h"
#include "fuzz/fuzzer.h"
#include "fuzz/header_damage.h"
#include "fuzz/in_memory_file.h"
#include "fuzz/small_gan.h"

namespace dcgan::fuzz {
namespace {

Config config_of(bool alternating) {
  Config config = small_config("vanilla");
  if (alternating) config.discriminator_steps = 2;
  return config;
}

void read(const std::string& input) {
  static InMemoryFile tape;
  static const test::TemporaryFolder folder{memory()};
  static const bool ready = [] {
    small_trainer("vanilla").save(folder.path("weights"));
    return true;
  }();
  require(ready, "weights");
  tape.write(with_length(input), claimed_bytes(input));
  const ReplayFiles files{folder.path("weights"), tape.path(), folder.path("result")};
  try {
    replay(config_of(false), files);
  } catch (const Error&) {
    replay(config_of(true), files);
  }
  const SafetensorsFile result(files.result);
  require(
      result.shape("loss.generator") == std::vector{SafetensorsFile(tape.path()).shape("real")[0]},
      "a loss for each step");
}

/// Two steps of two pictures; `real` and `fake` are the masks' shapes before their layer's units.
std::string tape_header(const std::vector<std::int64_t>& real,
                        const std::vector<std::int64_t>& fake) {
  const std::vector<float> zeros(2 * 2 * 784);
  std::vector<TensorToWrite> tensors = {{"real", DType::f32, {2, 2, 28, 28, 1}, zeros.data()},
                                        {"noise", DType::f32, {2, 2, 2}, zeros.data()}};
  const std::int64_t units[] = {8, 4, 2};
  for (std::size_t layer = 0; layer < std::size(units); ++layer)
    for (const auto& [half, leading] : {std::pair{"real", real}, std::pair{"fake", fake}}) {
      std::vector<std::int64_t> shape = leading;
      shape.push_back(units[layer]);
      tensors.push_back({std::string("mask.") + half + ".dropout" + std::to_string(layer + 1),
                         DType::u8, shape, zeros.data()});
    }
  return unchecked_header_of(safetensors_file(tensors));
}

std::vector<std::string> seeds() {
  return {tape_header({2, 2}, {2, 2}), tape_header({2, 2, 2}, {2, 3, 2})};
}

std::vector<std::string> words() {
  std::vector<std::string> all = header_words();
  for (const char* word : {"real", "noise", "mask.real.dropout1", "mask.fake.dropout2"})
    all.emplace_back(word);
  return all;
}

}  // namespace

const Fuzzer fuzz_tape = {"tape", read, seeds, words, damage_header};

}  // namespace dcgan::fuzz
