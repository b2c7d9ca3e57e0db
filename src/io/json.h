// JSON from files, which may be damaged or hostile.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dcgan {

/// Refuses what is nested deeper than any file of ours, which would cost many times its size in
/// memory. Throws Error or nlohmann's exceptions.
nlohmann::json parse_json(const std::string& text);

/// The value as a whole number. Throws Error naming it for 16.9, 1e300 and what is no number.
std::int64_t whole_number(const std::string& name, const nlohmann::json& value);

}  // namespace dcgan
