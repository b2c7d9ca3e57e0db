// Numbers of bytes, for messages.
#pragma once
#include <cstdint>
#include <string>

namespace dcgan {

/// "3.4 GiB": tenths, rounded down, so that what is needed and what there is compare as they are.
std::string gib_text(std::uint64_t bytes);

}  // namespace dcgan
