// The settings as one table of fields, each with its member of Config and the values it may have.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dcgan/config.h"

namespace dcgan::config {

template <class T>
using Member = T& (*)(Config&);

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

const std::vector<Field>& fields();

/// Untrusted text as part of one line: short, and without control characters.
std::string excerpt(const std::string& text, std::size_t most_bytes = 60);

/// Levenshtein's distance: the fewest characters to insert, delete or replace.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// Throws UsageError, which names the key that is most like an unknown one.
const Field& find_field(std::string_view key);

}  // namespace dcgan::config
