// The bits that unwritten memory holds.
#pragma once
#include <cstddef>

namespace simt {

/// A NaN, read as float or as double.
constexpr unsigned poison_word = 0xFFFFDEAD;
void poison(void* memory, std::size_t bytes);
bool is_poison(const void* memory, std::size_t bytes);

}  // namespace simt
