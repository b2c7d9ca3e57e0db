#include "ops/suite.h"

#include <cstring>

#include "ops/adam_case.h"
#include "ops/batch_norm_case.h"
#include "ops/conv_case.h"
#include "ops/dense_case.h"
#include "ops/epilogue_case.h"
#include "ops/loss_case.h"
#include "ops/random_case.h"

namespace dcgan::test {

std::vector<Cases> all_cases() {
  return {dense_cases(), conv_cases(), batch_norm_cases(), epilogue_cases(),
          loss_cases(),  adam_cases(), random_cases()};
}

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
