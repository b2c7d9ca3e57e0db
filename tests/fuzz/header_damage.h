// Safetensors files for fuzzers: their JSON headers apart from the data, and damage that leaves the
// lengths right, without which no reader would look further.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "fuzz/fuzzer.h"
#include "io/safetensors.h"

namespace dcgan::fuzz {

/// As write_safetensors writes them.
std::string safetensors_file(const std::vector<TensorToWrite>& tensors,
                             const std::map<std::string, std::string>& metadata = {});

/// The JSON header of a file that is whole.
std::string header_of(const std::string& file);

/// The same without a checksum, which would have a reader refuse whatever is damaged.
std::string unchecked_header_of(const std::string& file);

/// The header with its length before it.
std::string with_length(const std::string& header);

/// How many bytes of data the header claims; 0 where it makes no sense or they are more than a
/// mebibyte.
std::size_t claimed_bytes(const std::string& header);

/// A damaged header: by its characters, or with tensors dropped, renamed, of another shape or type,
/// their offsets laid out anew.
std::string damage_header(const std::string& header, unsigned seed, const Damage& bytes);

/// What headers are full of.
std::vector<std::string> header_words();

}  // namespace dcgan::fuzz
