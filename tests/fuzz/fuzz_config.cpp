// Settings as JSON: config.json, and the metadata of a checkpoint.
#include <string>
#include <vector>

#include "config/fields.h"
#include "dcgan/config.h"
#include "fuzz/fuzzer.h"
#include "fuzz/json_damage.h"
#include "fuzz/stored_settings.h"

namespace dcgan::fuzz {
namespace {

void read(const std::string& input) { require_stored(config_from_json(input, "input")); }

std::vector<std::string> seeds() {
  std::vector<std::string> all = {"{}", R"({"preset": "vanilla", "generator": {"beta1": 0.25}})"};
  for (const std::string& preset : preset_names()) all.push_back(to_json(preset_config(preset)));
  return all;
}

std::vector<std::string> words() {
  std::vector<std::string> all = preset_names();
  for (const char* word :
       {"null", "true", "1e308", "-0", "9223372036854775808", "18446744073709551615", "\\u0000",
        "\\ud800", "\":", "\",\"", "{\"", "\"}", "[", "]"})
    all.emplace_back(word);
  for (const config::Field& field : config::fields()) {
    all.push_back('"' + field.key + "\":");
    all.push_back('"' + field.key.substr(field.key.find('.') + 1) + "\":");
  }
  return all;
}

}  // namespace

const Fuzzer fuzz_config = {"config", read, seeds, words, damage_json};

}  // namespace dcgan::fuzz
