// Values of fields: shown as text, and taken from outside where they are in range.
#pragma once
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

#include "config/fields.h"

namespace dcgan::config {

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
std::string allowed(const Field& field);

/// Throws the UsageError of a value that the field does not take.
[[noreturn]] void refuse(const Field& field, const std::string& shown);

/// Takes a value of the member's own type if it is in range; says whether it was.
struct Take {
  Config& config;
  bool operator()(const Choice& choice, const std::string& value) const;
  bool operator()(const Path& path, const std::string& value) const;
  bool operator()(const Real& r, double value) const;
  template <class T>
  bool operator()(const Whole<T>& w, T value) const {
    if (value < w.least || value > w.most) return false;
    w.member(config) = value;
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

}  // namespace dcgan::config
