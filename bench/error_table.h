// How far the products of each precision are from those in double.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "bench/preset_cases.h"

namespace dcgan::bench {

/// Prints a table, in Markdown: a line per result of each layer with a kernel, a column per
/// backend, in it the largest |error| against the reference in double over the largest |value|.
void print_error_table(const std::vector<std::pair<std::string, Backend*>>& backends,
                       const std::vector<PresetCase>& cases);

}  // namespace dcgan::bench
