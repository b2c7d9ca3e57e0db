// How a case is run.
#pragma once
#include "ops/case.h"

namespace dcgan::test {

/// All passes of a case, in their order.
std::vector<Result> run_all(const Case& op, Backend& backend);

/// Equal to the last bit, NaNs too.
bool same_bits(const Floats& a, const Floats& b);

}  // namespace dcgan::test
