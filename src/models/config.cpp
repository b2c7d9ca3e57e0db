// The settings as one table of fields, and the four things done with it: listing them, setting one
// from text, writing them as JSON and reading them back.
#include "dcgan/config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "dcgan/error.h"

namespace dcgan {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class T>
using Member = T& (*)(Config&);

// The kinds of fields. Each knows its member of Config and which values it may have.
struct Choice {
  Member<std::string> member;
  std::vector<std::string> (*names)();
};
struct Path {
  Member<std::string> member;
};
template <class T>
struct Whole {
  Member<T> member;
  T least, most;
};
enum class Bounds { closed, above_low, below_high };
struct Real {
  Member<double> member;
  double low, high;
  Bounds bounds;
};
using Kind =
    std::variant<Choice, Path, Whole<std::uint64_t>, Whole<std::int64_t>, Whole<int>, Real>;

struct Field {
  std::string key, help;
  Kind kind;
};

constexpr std::int64_t million = 1'000'000;

std::vector<std::string> backend_names() { return {"auto", "cuda", "cpu", "simt", "simt-check"}; }

template <class T, class Access>
Whole<T> whole(Access member, T least, T most) {
  return {member, least, most};
}

template <class Access>
Whole<std::int64_t> count(Access member, std::int64_t least, std::int64_t most) {
  return {member, least, most};
}

// Adam takes float: an epsilon below 1e-30 or a beta above 0.999999 would come near to 0 and 1
// there, and a step would divide by zero.
constexpr double least_epsilon = 1e-30, most_beta = 0.999999;

template <AdamConfig Config::*network>
void add_adam(std::vector<Field>& all, const std::string& name) {
  all.push_back({name + ".learning_rate", "Adam's step size for the " + name,
                 Real{[](Config& c) -> double& { return (c.*network).learning_rate; }, 0, 10,
                      Bounds::above_low}});
  all.push_back({name + ".beta1", "decay of Adam's mean of gradients",
                 Real{[](Config& c) -> double& { return (c.*network).beta1; }, 0, most_beta,
                      Bounds::closed}});
  all.push_back({name + ".beta2", "decay of Adam's mean of squared gradients",
                 Real{[](Config& c) -> double& { return (c.*network).beta2; }, 0, most_beta,
                      Bounds::closed}});
  all.push_back({name + ".epsilon", "Adam's guard against division by zero",
                 Real{[](Config& c) -> double& { return (c.*network).epsilon; }, least_epsilon, 1,
                      Bounds::closed}});
}

std::vector<Field> make_fields() {
  using C = Config;
  using I = std::int64_t;
  std::vector<Field> all;
  all.push_back({"preset", "which networks; its other settings come along only with --preset",
                 Choice{[](C& c) -> std::string& { return c.preset; }, preset_names}});
  all.push_back({"backend", "where to compute",
                 Choice{[](C& c) -> std::string& { return c.backend; }, backend_names}});
  all.push_back({"data", "folder of the data set; empty: where it is usually found",
                 Path{[](C& c) -> std::string& { return c.data; }}});
  all.push_back({"seed", "seed of everything random",
                 whole<std::uint64_t>([](C& c) -> std::uint64_t& { return c.seed; }, 0,
                                      std::numeric_limits<std::uint64_t>::max())});
  all.push_back({"epochs", "passes over the data set (vanilla-64: 100; its original trains longer)",
                 count([](C& c) -> I& { return c.epochs; }, 1, million)});
  all.push_back({"steps", "total number of training steps; 0: as many as the epochs have",
                 count([](C& c) -> I& { return c.steps; }, 0, million* million)});
  all.push_back(
      {"batch_size", "images per step", count([](C& c) -> I& { return c.batch_size; }, 1, 65536)});
  all.push_back({"threads", "threads of the cpu backend; 0: one per core",
                 whole<int>([](C& c) -> int& { return c.threads; }, 0, 1024)});
  add_adam<&C::generator>(all, "generator");
  add_adam<&C::discriminator>(all, "discriminator");
  all.push_back({"latent", "numbers of noise behind one image",
                 count([](C& c) -> I& { return c.latent; }, 1, 65536)});
  all.push_back({"width", "factor on the channels or units of every hidden layer",
                 Real{[](C& c) -> double& { return c.width; }, 1.0 / 64, 16, Bounds::closed}});
  all.push_back({"leaky_slope", "slope of LeakyReLU below zero",
                 Real{[](C& c) -> double& { return c.leaky_slope; }, 0, 1, Bounds::closed}});
  all.push_back({"dropout", "share of the discriminator's activations dropped in training",
                 Real{[](C& c) -> double& { return c.dropout; }, 0, 0.95, Bounds::closed}});
  all.push_back(
      {"label_smoothing", "how far targets are moved from 0 and 1",
       Real{[](C& c) -> double& { return c.label_smoothing; }, 0, 1, Bounds::below_high}});
  all.push_back({"discriminator_steps", "updates of the discriminator per update of the generator",
                 count([](C& c) -> I& { return c.discriminator_steps; }, 1, 1000)});
  all.push_back(
      {"batch_norm.momentum", "decay of the moving statistics",
       Real{[](C& c) -> double& { return c.batch_norm_momentum; }, 0, 1, Bounds::below_high}});
  all.push_back({"batch_norm.epsilon", "added to the variance",
                 Real{[](C& c) -> double& { return c.batch_norm_epsilon; }, least_epsilon, 1,
                      Bounds::closed}});
  all.push_back({"checkpoint_every", "epochs between checkpoints",
                 count([](C& c) -> I& { return c.checkpoint_every; }, 1, million)});
  all.push_back({"log_every", "steps between lines of the log",
                 count([](C& c) -> I& { return c.log_every; }, 1, million* million)});
  return all;
}

const std::vector<Field>& fields() {
  static const std::vector<Field> all = make_fields();
  return all;
}

/// A stranger's text as part of one line: short, and without control characters.
std::string excerpt(const std::string& text, std::size_t most_bytes = 60) {
  std::string shown = text.substr(0, most_bytes);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return text.size() > most_bytes ? shown + "..." : shown;
}

/// The shortest decimal that reads back as the same number.
template <class T>
std::string shortest(T value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// The whole of a text as a number, or nothing.
template <class T>
std::optional<T> parse(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool is_utf8(const std::string& text) {
  try {
    (void)json(text).dump();
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

struct Show {
  Config& config;
  template <class K>
  std::string operator()(const K& kind) const {
    if constexpr (std::is_same_v<K, Choice> || std::is_same_v<K, Path>)
      return kind.member(config);
    else
      return shortest(kind.member(config));
  }
};

/// What a field takes, as the end of "must be ...".
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

/// Takes a value of the member's own type if it is in range; says whether it was.
struct Take {
  Config& config;

  bool operator()(const Choice& choice, const std::string& value) const {
    const auto names = choice.names();
    if (std::find(names.begin(), names.end(), value) == names.end()) return false;
    choice.member(config) = value;
    return true;
  }
  bool operator()(const Path& path, const std::string& value) const {
    if (value.size() > 4095 || value.find('\0') != std::string::npos || !is_utf8(value))
      return false;
    path.member(config) = value;
    return true;
  }
  template <class T>
  bool operator()(const Whole<T>& w, T value) const {
    if (value < w.least || value > w.most) return false;
    w.member(config) = value;
    return true;
  }
  bool operator()(const Real& r, double value) const {
    if (!(value >= r.low && value <= r.high)) return false;  // so that NaN is refused
    if (r.bounds == Bounds::above_low && value == r.low) return false;
    if (r.bounds == Bounds::below_high && value == r.high) return false;
    r.member(config) = value;
    return true;
  }
};

/// Takes a value from text (--set) or from JSON, where its type must fit, too.
struct TakeText {
  Take take;
  const std::string& text;
  bool operator()(const Choice& choice) const { return take(choice, text); }
  bool operator()(const Path& path) const { return take(path, text); }
  template <class K>
  bool operator()(const K& kind) const {
    using T = std::remove_reference_t<decltype(kind.member(take.config))>;
    const std::optional<T> value = parse<T>(text);
    return value && take(kind, *value);
  }
};

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

/// Levenshtein's distance: the fewest characters to insert, delete or replace.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of a's first i to b's first j characters
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

/// The key most like this one; "learning_rate" alone is near to "generator.learning_rate".
std::string nearest_key(const std::string& key) {
  const std::string start = key.substr(0, 64);
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const Field& field : fields()) {
    const std::size_t dot = field.key.find('.');
    std::size_t distance = edit_distance(start, field.key);
    if (dot != std::string::npos)
      distance = std::min(distance, edit_distance(start, field.key.substr(dot + 1)) + 1);
    if (distance < least) {
      least = distance;
      nearest = field.key;
    }
  }
  return nearest;
}

const Field& find_field(std::string_view key) {
  for (const Field& field : fields())
    if (field.key == key) return field;
  throw UsageError("there is no setting \"" + excerpt(std::string(key)) + "\"; did you mean " +
                   nearest_key(std::string(key)) + "?");
}

[[noreturn]] void refuse(const Field& field, const std::string& shown) {
  throw UsageError(field.key + "=" + excerpt(shown) + ": must be " +
                   std::visit(Allowed{}, field.kind));
}

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
    if (group.empty() && is_group(name)) {
      if (!value.is_object())
        throw UsageError(name + "=" + excerpt(shown(value)) + ": must be an object");
      take_object(config, value, name + ".");
      continue;
    }
    const Field& field = find_field(group + name);
    if (group.empty() && name.find('.') != std::string::npos) {
      const std::size_t dot = name.find('.');
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

std::vector<SettingInfo> settings(const Config& config) {
  Config copy = config;
  std::vector<SettingInfo> all;
  for (const Field& field : fields()) {
    std::string help = field.help;
    if (!std::holds_alternative<Path>(field.kind) && field.key != "seed")
      help += "; " + std::visit(Allowed{}, field.kind);
    all.push_back({field.key, std::visit(Show{copy}, field.kind), help});
  }
  return all;
}

void set(Config& config, const std::string& key, const std::string& value) {
  const Field& field = find_field(key);
  if (!std::visit(TakeText{{config}, value}, field.kind)) refuse(field, value);
}

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
      const Field& field = find_field("preset");
      if (!std::visit(TakeJson{{config}, *preset}, field.kind)) refuse(field, shown(*preset));
      config = preset_config(config.preset);
    }
    take_object(config, parsed, "");
    return config;
  } catch (const json::exception& error) {
    throw Error(where + ": not valid JSON: " + reason(error));
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

}  // namespace dcgan
