#include "bench/error_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ops/linear_case.h"
#include "ops/suite.h"

namespace dcgan::bench {
namespace {

double relative_error(const test::Floats& got, const std::vector<double>& right) {
  double error = 0, largest = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    error = std::fmax(error, std::abs(static_cast<double>(got[i]) - right[i]));
    largest = std::fmax(largest, std::abs(right[i]));
  }
  return error / largest;
}

}  // namespace

void print_error_table(const std::vector<std::pair<std::string, Backend*>>& backends,
                       const std::vector<PresetCase>& cases) {
  std::printf("| layer | result |");
  for (const auto& [name, backend] : backends) std::printf(" %s |", name.c_str());
  std::printf("\n|---|---|");
  for (std::size_t i = 0; i < backends.size(); ++i) std::printf("---|");
  std::printf("\n");
  for (const PresetCase& c : cases) {
    const auto* layer = dynamic_cast<const test::LinearCase*>(c.op.get());
    if (!layer) continue;
    const std::vector<test::Expected> expected = layer->expected();
    std::vector<std::vector<test::Result>> results;
    for (const auto& [name, backend] : backends) results.push_back(run_all(*layer, *backend));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      std::printf("| %s %s | %s |", c.where.c_str(), layer->name().c_str(),
                  expected[i].name.c_str());
      for (const auto& of_backend : results)
        std::printf(" %.1e |", relative_error(of_backend[i].values, expected[i].values));
      std::printf("\n");
    }
    std::fflush(stdout);
  }
}

}  // namespace dcgan::bench
