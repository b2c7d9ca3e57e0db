// The settings listed, and one set from text.
#include "config/values.h"

namespace dcgan {

using namespace config;

std::vector<SettingInfo> settings(const Config& config) {
  Config copy = config;
  std::vector<SettingInfo> all;
  for (const Field& field : fields()) {
    std::string help = field.help;
    if (!std::holds_alternative<Path>(field.kind) && field.key != "seed")
      help += "; " + allowed(field);
    all.push_back({field.key, std::visit(Show{copy}, field.kind), help});
  }
  return all;
}

void set(Config& config, const std::string& key, const std::string& value) {
  const Field& field = find_field(key);
  if (!std::visit(TakeText{{config}, value}, field.kind)) refuse(field, value);
}

}  // namespace dcgan
