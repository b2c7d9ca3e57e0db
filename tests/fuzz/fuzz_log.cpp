// log.jsonl, as a resumed run takes it over.
#include <string>
#include <vector>

#include "fuzz/fuzzer.h"
#include "fuzz/in_memory_file.h"
#include "fuzz/json_damage.h"
#include "io/atomic_file.h"
#include "run/run_folder.h"
#include "temporary_folder.h"

namespace dcgan::fuzz {
namespace {

/// The log of a run that is resumed after five steps, in the third epoch.
std::string resumed(const test::TemporaryFolder& folder) {
  TrainingState state;
  state.step = 5;
  state.history.resize(2);
  state.steps_in_epoch = 1;
  const RunFolder run(folder.path("run"), folder.path("run/checkpoints/x.safetensors"), state);
  return read_file(folder.path("run/log.jsonl"));
}

void read(const std::string& input) {
  static const test::TemporaryFolder folder{memory()};
  ensure_writable_directory(folder.path("run"));
  folder.write("run/log.jsonl", input);
  const std::string kept = resumed(folder);
  require(kept.size() <= input.size() + 1, "nothing is added but the last line's end");
  require(kept.empty() || kept.back() == '\n', "lines are whole");
  require(resumed(folder) == kept, "what was kept once is kept again");
}

std::vector<std::string> seeds() {
  const std::string step =
      R"({"step":4,"epoch":2,"loss_generator":0.5,"loss_discriminator":null,"step_ms":1,"images_per_s":9})"
      "\n";
  const std::string epoch =
      R"({"epoch":2,"loss_generator":0.5,"loss_discriminator":1.5,"epoch_s":9,"grid":"images/epoch_0002.png"})"
      "\n";
  return {"",
          step,
          epoch,
          step + epoch + step,
          step + step.substr(0, 30),
          std::string(70'000, ' ') + "\n" + step};
}

/// The first line, or all.
std::string damage(const std::string& input, unsigned seed, const Damage& bytes) {
  const std::size_t end = input.find('\n');
  if (seed % 4 == 0 || end == input.npos) return bytes(input);
  return damage_json(input.substr(0, end), seed, bytes) + input.substr(end);
}

std::vector<std::string> words() {
  return {"\"step\":", "\"epoch\":",
          "{\"",       "}\n",
          "\n",        "null",
          "1e300",     "16.9",
          "-1",        "18446744073709551615",
          "[[[[[",     std::string(1, '\0')};
}

}  // namespace

const Fuzzer fuzz_log = {"log", read, seeds, words, damage};

}  // namespace dcgan::fuzz
