#include "ops/suite.h"

#include <cstring>

namespace dcgan::test {

std::vector<Result> run_all(const Case& op, Backend& backend) {
  const auto run = op.start(backend);
  for (std::size_t i = 0; i < op.passes().size(); ++i) run->pass(i);
  return run->results();
}

bool same_bits(const Floats& a, const Floats& b) {
  // Nothing may be compared at null.
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

}  // namespace dcgan::test
