// Parity tapes, as replay reads them. An input is a file's header; the data are zeros, as many as
// it claims. Each is tried on two GANs, one whose step is simultaneous and one that alternates, and
// on a classifier.
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
    for (const char* preset : {"vanilla", "classifier"})
      small_trainer(preset).save(folder.path(preset));
    return true;
  }();
  require(ready, "weights");
  tape.write(with_length(input), claimed_bytes(input));
  const auto files = [&](const char* preset) {
    return ReplayFiles{folder.path(preset), tape.path(), folder.path("result")};
  };
  const auto has_losses = [&](const char* loss, const char* images) {
    const SafetensorsFile result(folder.path("result"));
    require(result.shape(loss) == std::vector{SafetensorsFile(tape.path()).shape(images)[0]},
            "a loss for each step");
  };
  try {
    replay(small_config("classifier"), files("classifier"));
    return has_losses("loss", "images");
  } catch (const Error&) {
    // Then it is a GAN's, or none.
  }
  try {
    replay(config_of(false), files("vanilla"));
  } catch (const Error&) {
    replay(config_of(true), files("vanilla"));
  }
  has_losses("loss.generator", "real");
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

std::string classifier_tape_header() {
  const std::vector<float> zeros(2 * 2 * 784);
  return unchecked_header_of(
      safetensors_file({{"images", DType::f32, {2, 2, 28, 28, 1}, zeros.data()},
                        {"labels", DType::f32, {2, 2}, zeros.data()}}));
}

std::vector<std::string> seeds() {
  return {tape_header({2, 2}, {2, 2}), tape_header({2, 2, 2}, {2, 3, 2}), classifier_tape_header()};
}

std::vector<std::string> words() {
  std::vector<std::string> all = header_words();
  for (const char* word :
       {"real", "noise", "mask.real.dropout1", "mask.fake.dropout2", "images", "labels"})
    all.emplace_back(word);
  return all;
}

}  // namespace

const Fuzzer fuzz_tape = {"tape", read, seeds, words, damage_header};

}  // namespace dcgan::fuzz
