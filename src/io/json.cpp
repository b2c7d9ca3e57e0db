// nlohmann's parser with limits.
#include "io/json.h"

#include <nlohmann/json.hpp>

#include "dcgan/error.h"

namespace dcgan {

using nlohmann::json;

json parse_json(const std::string& text) {
  constexpr int most_depth = 4;
  return json::parse(text, [](int depth, json::parse_event_t, json&) {
    if (depth > most_depth) throw Error("its JSON is nested too deeply");
    return true;
  });
}

std::int64_t whole_number(const std::string& name, const json& value) {
  const bool whole = value.is_number_unsigned() ? value.get<std::uint64_t>() <= INT64_MAX
                                                : value.is_number_integer();
  if (!whole)
    throw Error(name + "=" + (value.is_number() ? value.dump() : std::string(value.type_name())) +
                ": must be a whole number");
  return value.get<std::int64_t>();
}

}  // namespace dcgan
