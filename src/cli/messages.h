// All that the program prints. What messages show, above all names and contents of files, is made
// visible first, so that nobody's escape sequences reach the terminal.
#pragma once
#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "io/visible.h"

namespace dcgan::cli {

/// A value as messages show it: text visible, NaN without the sign that it may have.
template <class T>
auto shown(const T& value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value) ? std::numeric_limits<T>::quiet_NaN() : value;
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return visible(value);
  else
    return value;
}

template <class... T>
using Format = fmt::format_string<decltype(shown(std::declval<const T&>()))...>;

template <class... T>
std::string message(Format<T...> format, const T&... values) {
  return fmt::format(format, shown(values)...);
}

/// Prints to standard output.
template <class... T>
void say(Format<T...> format, const T&... values) {
  const std::string text = message<T...>(format, values...);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// Prints one line to standard error: "dcgan_cuda: ...".
void complain(std::string_view what);

/// Warnings of all layers go to standard error as lines of visible text.
void set_up_warnings();

/// A path as a word for the shell: bare, in '...', or with control characters in $'...'.
std::string shell_word(const std::string& path);

}  // namespace dcgan::cli
