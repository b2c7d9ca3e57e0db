// One case: an op at one shape. It builds the inputs, knows the right results and how far a float
// result may be from them, and states what each pass costs. It serves the check against the
// references, the check of gradients by differences, the check for equal bits, and the timing in
// bench/kernels.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "ops/device_array.h"

namespace dcgan::test {

/// A part of an op that can be timed on its own: "forward", "backward-weights" ...
struct Pass {
  std::string name;
  Op op;
  double footprint;  ///< bytes of memory touched, which decide what cache can hold them
};

/// The right values of a result, and their tolerance: |error| <= absolute + relative * |value|.
struct Expected {
  std::string name;
  std::vector<double> values;
  double absolute, relative = 0;
};

/// An Expected whose every entry must be within `bound` of the largest one.
Expected near(std::string name, std::vector<double> values, double bound);
/// Equal to the last bit.
Expected exact(std::string name, const std::vector<float>& values);

/// A case's memory on one backend, and its op, planned. A pass needs the ones before it.
class Run {
 public:
  virtual ~Run() = default;
  /// Restores what pass `index` changes in place.
  virtual void restore(std::size_t) {}
  virtual void pass(std::size_t index) = 0;
  virtual std::vector<Result> results() const = 0;
};

/// The derivative of a scalar of a forward pass along a random direction, once from the backward
/// pass and once by central differences, both on the backend.
struct Slope {
  std::string of;
  double backward, differences, tolerance;
};

class Case {
 public:
  virtual ~Case() = default;
  virtual std::string name() const = 0;  ///< of letters, digits and underscores
  virtual std::vector<Pass> passes() const = 0;
  virtual std::unique_ptr<Run> start(Backend&) const = 0;
  virtual std::vector<Expected> expected() const = 0;
  virtual std::vector<Slope> slopes(Backend&) const { return {}; }

  double flops() const { return sum(&dcgan::Op::flops); }
  double bytes() const { return sum(&dcgan::Op::bytes); }

 private:
  double sum(double dcgan::Op::*amount) const {
    double of_passes = 0;
    for (const Pass& pass : passes()) of_passes += pass.op.*amount;
    return of_passes;
  }
};

using Cases = std::vector<std::shared_ptr<const Case>>;

/// What an op must say about itself, worked out by hand.
struct Described {
  Op op;
  std::string label;
  double flops, bytes;
};

/// The widths in bytes of kernels' loads and stores of global memory at a shape that allows the
/// best.
struct AccessWidths {
  std::shared_ptr<const Case> op;
  std::vector<std::string> kernels;
  std::set<unsigned> loads, stores;
};

/// An op's cases, which its file here registers when the program starts.
struct OpCases {
  std::string op;           ///< Op::name, with which the cases' names begin
  Cases (*all)();           ///< the shapes it is tried at
  bool has_slopes = false;  ///< it has a gradient
  std::vector<Described> described;
  std::vector<AccessWidths> accesses = {};
  /// The case of one call in a training step, for bench/kernels; null for layers, whose calls do
  /// not name their epilogue.
  std::shared_ptr<const Case> (*of)(const Op&) = nullptr;
};

/// All that are registered, by name.
const std::vector<OpCases>& op_cases();

struct AddOpCases {
  explicit AddOpCases(const OpCases& cases);
};

/// The Slope of `loss` at `x`, whose gradient a backward pass gave. `step` is the length of the
/// difference per entry, `bound` the tolerance relative to the gradient's norm.
Slope slope(std::string of, const std::function<double(const Floats&)>& loss, const Floats& x,
            const Floats& gradient, double step, double bound);

double dot(const Floats& a, const Floats& b);
std::vector<double> widened(const Floats& v);
Floats normal_floats(std::int64_t n, unsigned seed);
/// 1 with probability 0.7
std::vector<std::uint8_t> random_mask(std::int64_t n, unsigned seed);

/// What a float sum of n products may be off by, relative to the largest result.
double sum_bound(std::int64_t n);

}  // namespace dcgan::test
