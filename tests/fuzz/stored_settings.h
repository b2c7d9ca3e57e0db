// Settings that a reader has accepted can be written, and are the same when read again.
#pragma once
#include <stdexcept>

#include "dcgan/config.h"
#include "dcgan/error.h"
#include "fuzz/fuzzer.h"

namespace dcgan::fuzz {

inline void require_stored(const Config& config) {
  try {
    const std::vector<SettingInfo> before = settings(config);
    const std::vector<SettingInfo> after = settings(config_from_json(to_json(config), "settings"));
    require(before.size() == after.size(), "all settings are stored");
    for (std::size_t i = 0; i < before.size(); ++i)
      require(before[i].value == after[i].value, "a setting reads back equal");
  } catch (const Error& error) {
    throw std::logic_error(error.what());
  }
}

}  // namespace dcgan::fuzz
