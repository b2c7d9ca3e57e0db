// What fields take.
#include "config/values.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dcgan/error.h"

namespace dcgan::config {
namespace {

bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

struct Allowed {
  std::string operator()(const Choice& choice) const {
    std::string list;
    for (const std::string& name : choice.names()) list += (list.empty() ? "" : ", ") + name;
    return "one of " + list;
  }
  std::string operator()(const Path&) const { return "a path in UTF-8, at most 4095 bytes"; }
  template <class T>
  std::string operator()(const Whole<T>& w) const {
    return "a whole number from " + shortest(w.least) + " to " + shortest(w.most);
  }
  std::string operator()(const Real& r) const {
    const std::string low = shortest(r.low), high = shortest(r.high);
    switch (r.bounds) {
      case Bounds::above_low:
        return "a number above " + low + " and at most " + high;
      case Bounds::below_high:
        return "a number from " + low + " to below " + high;
      case Bounds::closed:
        break;
    }
    return "a number from " + low + " to " + high;
  }
};

}  // namespace

std::string allowed(const Field& field) { return std::visit(Allowed{}, field.kind); }

void refuse(const Field& field, const std::string& shown) {
  throw UsageError(field.key + "=" + excerpt(shown) + ": must be " + allowed(field));
}

bool Take::operator()(const Choice& choice, const std::string& value) const {
  const auto names = choice.names();
  if (std::find(names.begin(), names.end(), value) == names.end()) return false;
  choice.member(config) = value;
  return true;
}

bool Take::operator()(const Path& path, const std::string& value) const {
  if (value.size() > 4095 || value.find('\0') != std::string::npos || !is_utf8(value)) return false;
  path.member(config) = value;
  return true;
}

bool Take::operator()(const Real& r, double value) const {
  if (!(value >= r.low && value <= r.high)) return false;  // so that NaN is refused
  if (r.bounds == Bounds::above_low && value == r.low) return false;
  if (r.bounds == Bounds::below_high && value == r.high) return false;
  r.member(config) = value;
  return true;
}

}  // namespace dcgan::config
