// The shapes dense layers are tried at.
#include "ops/dense_case.h"

#include "ops/beside_norm_case.h"
#include "ops/through_case.h"

namespace dcgan::test {

std::string DenseCase::name() const {
  return "dense_n" + std::to_string(s_.batch) + "_" + std::to_string(s_.in) + "_to_" +
         std::to_string(s_.out);
}

namespace {

/// Layers of the presets at small batches, and sizes on and beside the edges of tiles.
Cases dense_cases() {
  Cases cases;
  for (const DenseShape& s : std::vector<DenseShape>{
           // vanilla's layers, then those of dcgan and tf-tutorial
           {64, 512, 256},
           {96, 100, 128},
           {3, 512, 784},
           {1, 784, 512},
           {96, 128, 1},
           {3, 100, 6272},
           {3, 3136, 1},
           {150, 6272, 1},
           // one output, its gradient in many parts, and in sizes that are no multiple of 4
           {1030, 132, 1},
           {40, 132, 1},
           {5, 4, 1},
           {130, 33, 1},
           // one of everything, and each dimension on its own
           {1, 1, 1},
           {1, 4, 4},
           {150, 1, 1},
           {1, 132, 1},
           {1, 1, 132},
           {96, 1, 64},
           {3, 5, 33},
           {96, 33, 7},
           {5, 3, 4},
           // multiples of 4 that end within a tile, at its edge and beyond it
           {150, 36, 132},
           {3, 132, 36},
           {128, 16, 128},
           {129, 20, 32},
           {127, 64, 64},
           {150, 68, 128},
           {4, 16, 256},
           // the same for sizes that are not
           {64, 17, 64},
           {65, 15, 65},
           {150, 33, 129},
           // batches enough to split the sum of the kernel's gradient
           {1024, 32, 32},
           {1030, 4, 132},
           {1023, 5, 3},
       })
    cases.push_back(std::make_shared<DenseCase>(s));
  // Of one tile and of several along both axes, with groups and without, in parts; columns that end
  // within a tile; pictures whose channels are fewer than the columns; one output; sizes that are
  // no multiple of 4.
  const auto add_through = [&](const DenseShape& s, std::int64_t channels) {
    cases.push_back(std::make_shared<ThroughCase>(std::make_shared<DenseCase>(s), channels));
  };
  for (const DenseShape& s : std::vector<DenseShape>{{64, 256, 128},
                                                     {512, 512, 256},
                                                     {1, 4, 4},
                                                     {150, 132, 36},
                                                     {130, 36, 64},
                                                     {3, 8, 1024},
                                                     {4096, 64, 64},
                                                     {4096, 32, 16},
                                                     {1100, 132, 1100},
                                                     {96, 128, 1},
                                                     {5, 4, 1},
                                                     {7, 33, 5}})
    add_through(s, s.in);
  // Between batch norms of the same kinds: behind and before whole columns, too.
  for (const DenseShape& s : std::vector<DenseShape>{{512, 512, 256},
                                                     {1, 4, 4},
                                                     {150, 132, 36},
                                                     {20001, 16, 64},
                                                     {1100, 132, 1100},
                                                     {130, 64, 2048},
                                                     {7, 33, 5}})
    cases.push_back(std::make_shared<BesideNormCase>(std::make_shared<DenseCase>(s)));
  add_through({96, 392, 100}, 8);
  add_through({3, 8, 1024}, 4);
  add_through({20, 3136, 1}, 64);
  return cases;
}

const AddOpCases added({.op = "dense",
                        .all = dense_cases,
                        .has_slopes = true,
                        .described = {{describe(DenseShape{4, 5, 6}, Direction::backward_weights),
                                       "dense 4x5->6 backward-weights", 2 * 4 * 5 * 6,
                                       4 * (20 + 30 + 24)}}});

}  // namespace
}  // namespace dcgan::test
