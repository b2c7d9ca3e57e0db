// What profile mode counted (profile/step_profile.h has the JSON's shape), for people: a table for
// the terminal and one self-contained HTML page with plots.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace dcgan {

std::string kernels_table(const nlohmann::ordered_json& profile);

/// Throws Error naming the file where it cannot be written.
void write_kernels_page(const std::string& path, const nlohmann::ordered_json& profile);

}  // namespace dcgan
