// Checkpoints. An input is a file's header; the data are zeros, as many as it claims.
#include <string>
#include <vector>

#include "config/fields.h"
#include "fuzz/fuzzer.h"
#include "fuzz/header_damage.h"
#include "fuzz/in_memory_file.h"
#include "fuzz/small_gan.h"
#include "fuzz/stored_settings.h"

namespace dcgan::fuzz {
namespace {

void read(const std::string& input) {
  static InMemoryFile file;
  static Trainer trainer = small_trainer("tf-tutorial");
  file.write(with_length(input), claimed_bytes(input));
  require_stored(checkpoint_config(file.path()));
  trainer.load(file.path());
  const std::int64_t step = trainer.state().step;
  require(trainer.train_step().step == step + 1, "training resumes");
}

std::vector<std::string> seeds() {
  Trainer trainer = small_trainer("tf-tutorial");
  std::vector<std::string> all;
  for (int step = 0; step < 4; ++step) {
    all.push_back(unchecked_header_of(saved(trainer)));
    trainer.train_step();
  }
  return all;
}

std::vector<std::string> words() {
  std::vector<std::string> all = header_words();
  for (const char* word : {"history", "step", "steps_in_epoch", "state", "config", "format_version",
                           "sum_loss_generator", "epoch_seconds", "adam.m.", "adam.v.",
                           "generator.", "discriminator."})
    all.emplace_back(word);
  for (const config::Field& field : config::fields()) all.push_back("\\\"" + field.key + "\\\": ");
  return all;
}

}  // namespace

const Fuzzer fuzz_checkpoint = {"checkpoint", read, seeds, words, damage_header};

}  // namespace dcgan::fuzz
