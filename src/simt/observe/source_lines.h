// Where in the program's source an instruction comes from.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace simt::observe {

/// An instruction's address as 32 bits, from the beginning of the program's code.
std::uint32_t place_of(const void* return_address);
/// "pack.h:22 in column_sums.h:62 in batch_norm.cu:33": the line, and those it was inlined into.
std::string source_line(std::uint32_t place);

/// "gather_kernel<4>": the function that begins there, without namespaces, result and parameters.
std::string function_name(const void* code);

/// Whether the program can read but never write these bytes: its constants.
bool is_constant(const void* p, std::size_t bytes);

}  // namespace simt::observe
