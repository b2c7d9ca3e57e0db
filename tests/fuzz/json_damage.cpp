#include "fuzz/json_damage.h"

#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

namespace dcgan::fuzz {
namespace {

using nlohmann::json;

json& chosen_of(json& group, std::mt19937& random) {
  auto chosen = group.begin();
  std::advance(chosen, random() % group.size());
  return *chosen;
}

}  // namespace

std::string damage_json(const std::string& text, unsigned seed, const Damage& bytes) {
  std::mt19937 random(seed);
  json all = json::parse(text, nullptr, false);
  if (!all.is_structured() || all.empty() || random() % 4 == 0) return bytes(text);
  json* value = &chosen_of(all, random);
  while (value->is_structured() && !value->empty() && random() % 8 != 0)
    value = &chosen_of(*value, random);
  const json strange[] = {nullptr,
                          0,
                          1,
                          -1,
                          16.9,
                          1e300,
                          -1e300,
                          INT64_MAX,
                          UINT64_MAX,
                          "",
                          "x",
                          true,
                          json::array(),
                          json::object(),
                          json::array({*value, *value})};
  *value = json(strange[random() % std::size(strange)]);
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dcgan::fuzz
