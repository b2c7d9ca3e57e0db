// How far generated pictures are from real ones, by their features.
#pragma once
#include "evaluate/features.h"

namespace dcgan {

struct Distances {
  /// Frechet distance of two normal distributions with the sets' means m and covariances S:
  /// |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2) (Heusel et al., 2017).
  double frechet = 0;
  /// Squared maximum mean discrepancy with the kernel (u.v / size + 1)^3, unbiased: around 0, and
  /// as often below it, where both sets come from one distribution (Binkowski et al., 2018).
  double kernel = 0;
  // By balls around each vector that reach to its fifth nearest neighbour in its own set; what lies
  // on the boundary is outside.
  double precision = 0;  ///< share of generated vectors inside any real ball (Kynkaanniemi, 2019)
  double recall = 0;     ///< share of real vectors inside any generated ball
  double density = 0;    ///< mean number of real balls that hold a generated vector, / 5
  double coverage = 0;   ///< share of real balls that hold any generated vector (Naeem, 2020)
};

/// The result is the same on any number of threads. Throws Error where the sizes of their vectors
/// differ.
Distances compare(const Features& real, const Features& generated, int threads);

double frechet_distance(const Features& a, const Features& b);

}  // namespace dcgan
