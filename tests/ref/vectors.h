// Vectors for the references' own tests.
#pragma once
#include <random>

#include "ref/reference.h"

namespace dcgan::ref {

inline Vector draw(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Vector v(n);
  for (double& x : v) x = normal(random);
  return v;
}

inline double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace dcgan::ref
