// Damage to text that is JSON.
#pragma once
#include <string>

#include "fuzz/fuzzer.h"

namespace dcgan::fuzz {

/// One of its values, at any depth, replaced by one that no reader expects; now and then, and where
/// the text is no JSON, damaged as text.
std::string damage_json(const std::string& text, unsigned seed, const Damage& bytes);

}  // namespace dcgan::fuzz
