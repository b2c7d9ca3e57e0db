// Settings as JSON, and back.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/values.h"
#include "dcgan/error.h"
#include "models/models.h"

namespace dcgan {
namespace {

using namespace config;
using nlohmann::json;
using nlohmann::ordered_json;

struct TakeJson {
  Take take;
  const json& value;
  template <class K>
  bool operator()(const K& kind) const {
    if constexpr (std::is_same_v<K, Real>) {
      return value.is_number() && take(kind, value.get<double>());
    } else if constexpr (std::is_same_v<K, Choice> || std::is_same_v<K, Path>) {
      return value.is_string() && take(kind, value.get_ref<const std::string&>());
    } else {
      // Through text: the same check of sign and overflow as on the command line.
      return value.is_number_integer() && TakeText{take, value.dump()}(kind);
    }
  }
};

/// Whether keys "name.…" exist: then JSON has an object of that name.
bool is_group(const std::string& name) {
  return std::any_of(fields().begin(), fields().end(),
                     [&](const Field& field) { return field.key.starts_with(name + "."); });
}

std::string shown(const json& value) {
  if (value.is_structured()) return value.is_array() ? "[...]" : "{...}";
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void take_object(Config& config, const json& object, const std::string& group) {
  for (const auto& [name, value] : object.items()) {
    if (group.empty() && name == changed_on_resume) continue;
    if (group.empty() && is_group(name)) {
      if (!value.is_object())
        throw UsageError(name + "=" + excerpt(shown(value)) + ": must be an object");
      take_object(config, value, name + ".");
      continue;
    }
    const Field& field = find_field(group + name);
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
      throw UsageError("\"" + name + "\" must be nested: {\"" + name.substr(0, dot) + "\": {\"" +
                       name.substr(dot + 1) + "\": ...}}");
    }
    if (!std::visit(TakeJson{{config}, value}, field.kind)) refuse(field, shown(value));
  }
}

/// JSON of a size and depth that settings can have, so that no file can exhaust memory or stack.
json parse_settings(const std::string& text) {
  constexpr std::size_t most_bytes = 1 << 20;
  constexpr int most_depth = 4;
  if (text.size() > most_bytes) throw Error("more than 1 MiB, too long for settings");
  const auto limit_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > most_depth) throw Error("nested too deeply for settings");
    return true;
  };
  json parsed = json::parse(text, limit_depth);
  if (!parsed.is_object()) throw Error("settings must be a JSON object");
  return parsed;
}

/// nlohmann's message without its "[json.exception.…] ".
std::string reason(const json::exception& error) {
  const std::string what = error.what();
  const std::size_t end = what.find("] ");
  return excerpt(end == std::string::npos ? what : what.substr(end + 2), 200);
}

}  // namespace

std::string to_json(const Config& config) {
  Config copy = config;
  ordered_json all;
  for (const Field& field : fields()) {
    const std::size_t dot = field.key.find('.');
    ordered_json& place = dot == std::string::npos
                              ? all[field.key]
                              : all[field.key.substr(0, dot)][field.key.substr(dot + 1)];
    std::visit([&](const auto& kind) { place = kind.member(copy); }, field.kind);
  }
  try {
    return all.dump(2);
  } catch (const json::exception& error) {
    throw Error("the settings cannot be written as JSON: " + reason(error));
  }
}

Config config_from_json(const std::string& text, const std::string& where) {
  try {
    const json parsed = parse_settings(text);
    Config config = preset_config("dcgan");
    if (const auto preset = parsed.find("preset"); preset != parsed.end()) {
      // What is no name of a preset is refused below, as any setting.
      if (std::visit(TakeJson{{config}, *preset}, find_field("preset").kind))
        config = preset_config(config.preset);
    }
    // Runs list every setting; before 0.3 they had no "fit".
    if (parsed.contains("log_every")) config.fit = "legacy";
    take_object(config, parsed, "");
    (void)image_shape(config);  // channels that the preset does not have are refused
    return config;
  } catch (const json::exception& error) {
    throw Error(where + ": not valid JSON: " + reason(error));
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

}  // namespace dcgan
