#include "evaluate/products.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

namespace dcgan {

void for_blocks_of_products(const Rows& a, const Rows& b, int threads, const UseProducts& use) {
  constexpr Eigen::Index rows_at_once = 64;
  std::atomic<Eigen::Index> next = 0;
  const auto work = [&] {
    Matrix block(std::min(rows_at_once, a.rows()), b.rows());
    for (Eigen::Index first; (first = next.fetch_add(rows_at_once)) < a.rows();) {
      const Eigen::Index n = std::min(rows_at_once, a.rows() - first);
      block.topRows(n).noalias() = a.middleRows(first, n) * b.transpose();
      use(first, block.topRows(n));
    }
  };
  std::vector<std::future<void>> others;
  for (int i = 1; i < threads; ++i) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
}

}  // namespace dcgan
