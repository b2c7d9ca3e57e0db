// Text from outside, made fit for a terminal.
#pragma once
#include <string>
#include <string_view>

namespace dcgan {

/// The text with control characters and bytes that are not UTF-8 written as \x1b.
std::string visible(std::string_view text);

}  // namespace dcgan
