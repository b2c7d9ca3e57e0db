// Products of matrices followed by an epilogue: the dense layers.
#pragma once
#include <cstdint>

#include "backend/backend.h"

namespace dcgan::cpu {

/// Element (i, j) at data[i * row + j * column]; row or column is 1.
struct Matrix {
  const float* data;
  std::int64_t row, column;
};

/// c [rows, columns] = epilogue(a [rows, depth] * b [depth, columns]). bias [columns] and keep
/// [rows, columns] as in Backend::epilogue_forward. Each value's sum is in the same order, whatever
/// the number of threads.
struct MatrixProduct {
  std::int64_t rows, columns, depth;
  Matrix a, b;
  float* c;
  Epilogue epilogue = {};
  const float* bias = nullptr;
  const std::uint8_t* keep = nullptr;
};

/// Floats of scratch that a product of this size needs.
std::int64_t product_scratch_floats(std::int64_t rows, std::int64_t depth);
void multiply(const MatrixProduct& product, float* scratch);

}  // namespace dcgan::cpu
