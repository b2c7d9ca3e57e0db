// One table of settings serves help, --set, and both directions of JSON.
#include "dcgan/config.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "dcgan/error.h"

namespace dcgan {
namespace {

using nlohmann::ordered_json;

/// A setting: how it reads as JSON, and how text and JSON change it. Changing throws UsageError.
struct Field {
  std::string key, help;
  std::function<ordered_json(const Config&)> get;
  std::function<void(Config&, const ordered_json&)> set_json;
  std::function<void(Config&, const std::string&)> set_text;
};

[[noreturn]] void refuse(const std::string& key, const std::string& value,
                         const std::string& wanted) {
  throw UsageError(key + "=" + value + ": " + wanted + " is wanted");
}

template <class T>
std::string text_of(T value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

template <class T, class Access>
Field number(const std::string& key, Access access, T low, T high, const std::string& help) {
  const std::string wanted = std::string(std::is_floating_point_v<T> ? "a number" : "an integer") +
                             " from " + text_of(low) + " to " + text_of(high);
  const auto checked = [=](Config& c, T value, const std::string& text) {
    if (!(value >= low && value <= high)) refuse(key, text, wanted);  // NaN fails both
    access(c) = value;
  };
  Field field;
  field.key = key;
  field.help = help;
  field.get = [=](const Config& c) { return ordered_json(access(const_cast<Config&>(c))); };
  field.set_text = [=](Config& c, const std::string& text) {
    T value{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) refuse(key, text, wanted);
    checked(c, value, text);
  };
  field.set_json = [=](Config& c, const ordered_json& json) {
    const bool fits = std::is_floating_point_v<T> ? json.is_number()
                      : std::is_unsigned_v<T>     ? json.is_number_unsigned()
                                                  : json.is_number_integer();
    const bool too_big = std::is_signed_v<T> && std::is_integral_v<T> && json.is_number_unsigned() &&
                         json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!fits || too_big) refuse(key, json.dump(), wanted);
    if constexpr (std::is_same_v<T, int>) {
      const auto wide = json.get<std::int64_t>();
      if (wide < low || wide > high) refuse(key, json.dump(), wanted);
    }
    checked(c, json.get<T>(), json.dump());
  };
  return field;
}

template <class Access>
Field text(const std::string& key, Access access, const std::string& help) {
  Field field;
  field.key = key;
  field.help = help;
  field.get = [=](const Config& c) { return ordered_json(access(const_cast<Config&>(c))); };
  field.set_text = [=](Config& c, const std::string& value) { access(c) = value; };
  field.set_json = [=](Config& c, const ordered_json& json) {
    if (!json.is_string()) refuse(key, json.dump(), "a string");
    access(c) = json.get<std::string>();
  };
  return field;
}

void add_adam(std::vector<Field>& f, const std::string& who, AdamConfig Config::*member) {
  const auto of = [member](double AdamConfig::*value) {
    return [=](Config& c) -> double& { return c.*member.*value; };
  };
  const double below_one = std::nextafter(1.0, 0.0);
  f.push_back(number<double>(who + ".learning_rate", of(&AdamConfig::learning_rate), 1e-12, 10,
                             "Adam's learning rate for the " + who));
  f.push_back(number<double>(who + ".beta1", of(&AdamConfig::beta1), 0, below_one,
                             "decay of Adam's first moment"));
  f.push_back(number<double>(who + ".beta2", of(&AdamConfig::beta2), 0, below_one,
                             "decay of Adam's second moment"));
  f.push_back(number<double>(who + ".epsilon", of(&AdamConfig::epsilon), 1e-30, 1,
                             "added to the root of Adam's second moment"));
}

#define MEMBER(name) [](Config& c) -> auto& { return c.name; }

std::vector<Field> make_fields() {
  constexpr std::int64_t large = 1'000'000'000;
  std::vector<Field> f;
  f.push_back(text("preset", MEMBER(preset), "networks and hyper-parameters"));
  f.push_back(text("backend", MEMBER(backend), "auto or cpu"));
  f.push_back(text("data", MEMBER(data), "folder of the data set; empty: where it is usually found"));
  f.push_back(number<std::uint64_t>("seed", MEMBER(seed), 0, UINT64_MAX, "of everything random"));
  f.push_back(number<std::int64_t>("epochs", MEMBER(epochs), 1, 1'000'000, "passes over the data"));
  f.push_back(number<std::int64_t>("steps", MEMBER(steps), 0, large,
                                   "training steps in all; 0: as the epochs have"));
  f.push_back(number<std::int64_t>("batch_size", MEMBER(batch_size), 1, 65536, "images per step"));
  f.push_back(number<int>("threads", MEMBER(threads), 0, 1024, "0: one per core"));
  add_adam(f, "generator", &Config::generator);
  add_adam(f, "discriminator", &Config::discriminator);
  f.push_back(number<std::int64_t>("latent", MEMBER(latent), 1, 65536, "size of the noise"));
  f.push_back(number<double>("width", MEMBER(width), 1.0 / 64, 16,
                             "factor on channels and units of hidden layers"));
  f.push_back(number<double>("leaky_slope", MEMBER(leaky_slope), 0, 1, "LeakyReLU's slope below 0"));
  f.push_back(number<double>("dropout", MEMBER(dropout), 0, 0.95, "share of values dropped"));
  f.push_back(number<double>("label_smoothing", MEMBER(label_smoothing), 0, 0.99,
                             "moves the targets towards 1/2"));
  f.push_back(number<std::int64_t>("discriminator_steps", MEMBER(discriminator_steps), 1, 64,
                                   "updates of the discriminator per step"));
  const double below_one = std::nextafter(1.0, 0.0);
  f.push_back(number<double>("batch_norm.momentum", MEMBER(batch_norm_momentum), 0, below_one,
                             "of the moving statistics"));
  f.push_back(number<double>("batch_norm.epsilon", MEMBER(batch_norm_epsilon), 1e-12, 1,
                             "added to the variance"));
  f.push_back(number<std::int64_t>("checkpoint_every", MEMBER(checkpoint_every), 1, large,
                                   "epochs between checkpoints"));
  f.push_back(number<std::int64_t>("log_every", MEMBER(log_every), 1, large,
                                   "steps between lines of the log"));
  return f;
}
#undef MEMBER

const std::vector<Field>& fields() {
  static const std::vector<Field> table = make_fields();
  return table;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

const Field& find_field(const std::string& key) {
  const Field* nearest = &fields().front();
  for (const Field& field : fields()) {
    if (field.key == key) return field;
    if (edit_distance(key, field.key) < edit_distance(key, nearest->key)) nearest = &field;
  }
  throw UsageError("unknown setting '" + key.substr(0, 80) + "'; did you mean '" + nearest->key +
                   "'?");
}

/// "generator.beta1" is {"generator": {"beta1": ...}}.
ordered_json::json_pointer pointer_to(std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  return ordered_json::json_pointer("/" + key);
}

void apply_json(Config& config, const ordered_json& object, const std::string& prefix) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && prefix.empty())
      apply_json(config, value, name + ".");
    else
      find_field(prefix + name).set_json(config, value);
  }
}

}  // namespace

std::vector<SettingInfo> settings(const Config& config) {
  std::vector<SettingInfo> list;
  for (const Field& field : fields()) {
    const ordered_json value = field.get(config);
    list.push_back({field.key, value.is_string() ? value.get<std::string>() : value.dump(),
                    field.help});
  }
  return list;
}

void set(Config& config, const std::string& key, const std::string& value) {
  const Field& field = find_field(key);
  if (key == "preset") preset_config(value);  // refuses an unknown one
  field.set_text(config, value);
}

std::string to_json(const Config& config) {
  ordered_json json;
  for (const Field& field : fields()) json[pointer_to(field.key)] = field.get(config);
  return json.dump(2);
}

Config config_from_json(const std::string& text, const std::string& where) {
  try {
    if (text.size() > (1u << 20)) throw Error("more than a megabyte");
    const auto json = ordered_json::parse(text);
    if (!json.is_object()) throw Error("not a JSON object");
    const auto preset = json.find("preset");
    if (preset != json.end() && !preset->is_string()) throw Error("preset is not a string");
    Config config = preset_config(preset == json.end() ? "dcgan" : preset->get<std::string>());
    apply_json(config, json, "");
    return config;
  } catch (const std::exception& e) {
    throw Error(where + ": not a configuration: " + e.what());
  }
}

}  // namespace dcgan
