// --set KEY=VALUE, one a line.
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/fields.h"
#include "dcgan/config.h"
#include "dcgan/error.h"
#include "fuzz/fuzzer.h"
#include "fuzz/stored_settings.h"
#include "models/models.h"

namespace dcgan::fuzz {
namespace {

std::string value_of(const Config& config, const std::string& key) {
  for (const SettingInfo& setting : settings(config))
    if (setting.key == key) return setting.value;
  throw std::logic_error("what was set is listed");
}

/// A value that is shown can be set, and stays.
void require_settable(Config config, const std::string& key) {
  const std::string shown = value_of(config, key);
  try {
    set(config, key, shown);
  } catch (const Error& error) {
    throw std::logic_error(error.what());
  }
  require(value_of(config, key) == shown, "a value that is set stays");
}

void read(const std::string& input) {
  Config config;
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    const std::string key = line.substr(0, equals);
    set(config, key, equals == line.npos ? "" : line.substr(equals + 1));
    require_settable(config, key);
  }
  network_specs(config);  // throws where settings do not fit one another
  require_stored(config);
}

std::vector<std::string> seeds() {
  std::vector<std::string> all = {"width=0.5\ngenerator.beta1=1e-3\ndata=/tmp/a b"};
  for (const SettingInfo& setting : settings(Config()))
    all.push_back(setting.key + "=" + setting.value);
  return all;
}

const std::vector<std::string> values = {"inf",
                                         "-inf",
                                         "nan",
                                         "0x1p-3",
                                         "1e308",
                                         "1e-400",
                                         "-0",
                                         "0",
                                         "1",
                                         "+1",
                                         " 1",
                                         "65536",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         std::string(5000, 'x'),
                                         "\xff",
                                         ""};

/// A setting that there is, with a strange value or with its own one damaged.
std::string damage(const std::string& input, unsigned seed, const Damage& bytes) {
  if (seed % 2 == 0) return bytes(input);
  const std::vector<config::Field>& fields = config::fields();
  const std::string& key = fields[seed / 2 % fields.size()].key;
  const std::string& value = values[seed / 64 % values.size()];
  return key + "=" + (seed / 8192 % 4 == 0 ? bytes(value_of(Config(), key)) : value);
}

std::vector<std::string> words() {
  std::vector<std::string> all = preset_names();
  for (const config::Field& field : config::fields()) all.push_back(field.key + "=");
  return all;
}

}  // namespace

const Fuzzer fuzz_set = {"set", read, seeds, words, damage};

}  // namespace dcgan::fuzz
