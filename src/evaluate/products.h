// All inner products of two sets of vectors, a block of rows at a time, so that memory stays small.
#pragma once
#include <Eigen/Core>
#include <functional>

namespace dcgan {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = Eigen::Map<const Matrix>;

/// Rows first to first + products.rows() of a * b^T.
using UseProducts =
    std::function<void(Eigen::Index first, const Eigen::Ref<const Matrix>& products)>;

/// Calls `use` once for each block of rows, from so many threads at once. Which rows a block has,
/// and so each product's bits, does not depend on their number.
void for_blocks_of_products(const Rows& a, const Rows& b, int threads, const UseProducts& use);

}  // namespace dcgan
