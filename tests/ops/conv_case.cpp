// The shapes convolutions are tried at.
#include "ops/conv_case.h"

#include <set>

#include "ops/beside_norm_case.h"
#include "ops/through_case.h"

namespace dcgan::test {

std::string ConvCase::name() const {
  const auto text = [](std::int64_t n) { return std::to_string(n); };
  return (s_.transposed ? "conv_transpose2d_n" : "conv2d_n") + text(s_.batch) + "_" +
         text(s_.height) + "x" + text(s_.width) + "x" + text(s_.in) + "_to_" + text(s_.out) + "_k" +
         text(s_.kernel) + "_s" + text(s_.stride);
}

namespace {

/// The layers of the presets at small batches, kernels, strides, rectangles, edges.
Cases conv_cases() {
  Cases cases;
  std::set<std::string> names;  // the lists below overlap
  const auto add = [&](const ConvShape& s) {
    const auto one = std::make_shared<ConvCase>(s);
    if (names.insert(one->name()).second) cases.push_back(one);
  };
  const auto add_both = [&](const ConvShape& s) {
    add(s);
    add(transposed(s));
  };
  // The discriminators' layers, then the generators'.
  for (const ConvShape& s : std::vector<ConvShape>{{4, 28, 28, 1, 32, 5, 2},
                                                   {2, 14, 14, 32, 64, 5, 2},
                                                   {2, 28, 28, 1, 64, 5, 2},
                                                   {1, 14, 14, 64, 128, 5, 2},
                                                   {96, 28, 28, 1, 32, 5, 2}})
    add(s);
  for (const ConvShape& s : std::vector<ConvShape>{{1, 7, 7, 128, 64, 5, 1},
                                                   {2, 7, 7, 64, 32, 5, 2},
                                                   {4, 14, 14, 32, 1, 5, 2},
                                                   {1, 7, 7, 256, 128, 5, 1},
                                                   {1, 7, 7, 128, 64, 5, 2},
                                                   {2, 14, 14, 64, 1, 5, 2},
                                                   {96, 14, 14, 32, 1, 5, 2}})
    add(transposed(s));
  // Those of dcgan-32, dcgan-64 and dcgan-128, with fewer channels where there are many pixels.
  for (const ConvShape& s : std::vector<ConvShape>{{2, 32, 32, 3, 64, 5, 2},
                                                   {2, 32, 32, 1, 64, 5, 2},
                                                   {1, 16, 16, 64, 128, 5, 2},
                                                   {1, 8, 8, 128, 256, 5, 2},
                                                   {1, 64, 64, 3, 64, 5, 2},
                                                   {1, 64, 64, 1, 64, 5, 2},
                                                   {1, 32, 32, 32, 48, 5, 2},
                                                   {1, 128, 128, 3, 32, 5, 2},
                                                   {1, 128, 128, 1, 32, 5, 2},
                                                   {1, 64, 64, 16, 16, 5, 2}})
    add(s);
  for (const ConvShape& s : std::vector<ConvShape>{{1, 4, 4, 256, 128, 5, 2},
                                                   {1, 8, 8, 128, 64, 5, 2},
                                                   {2, 16, 16, 64, 3, 5, 2},
                                                   {2, 16, 16, 64, 1, 5, 2},
                                                   {1, 16, 16, 64, 48, 5, 2},
                                                   {1, 32, 32, 64, 3, 5, 2},
                                                   {1, 32, 32, 64, 1, 5, 2},
                                                   {1, 32, 32, 32, 16, 5, 2},
                                                   {1, 64, 64, 16, 3, 5, 2},
                                                   {1, 64, 64, 16, 1, 5, 2}})
    add(transposed(s));
  add_both({35, 18, 17, 3, 5, 5, 1});  // the cpu backend cuts the batch into parts of 2 and 3
  // Kernels of every size up to 7, most of them wider than some picture.
  for (const std::int64_t kernel : {1, 2, 3, 4, 7})
    for (const std::int64_t stride : {1, 2}) {
      add_both({3, 7, 7, 8, 12, kernel, stride});
      add_both({2, 3, 5, 4, 4, kernel, stride});
      add_both({2, 6, 9, 3, 5, kernel, stride});
      add({3, 9, 6, 1, 8, kernel, stride});
      add(transposed({3, 5, 3, 8, 1, kernel, stride}));
    }
  // Sizes and channels, from one of everything; multiples of 4 and not.
  for (const std::int64_t size : {1, 7, 29})
    for (const std::int64_t stride : {1, 2})
      for (const auto& [in, out] :
           {std::pair<int, int>{1, 5}, {3, 33}, {33, 1}, {5, 3}, {4, 4}, {1, 4}})
        add_both({size == 29 ? 1 : 3, size, size, in, out, 5, stride});
  for (const auto& [in, out] : {std::pair<int, int>{1, 1},
                                {4, 1},
                                {4, 5},
                                {5, 4},
                                {4, 132},
                                {132, 4},
                                {132, 33},
                                {64, 68},
                                {36, 32},
                                {1, 132},
                                {1, 20}}) {
    add_both({3, 4, 4, in, out, 5, 2});
    add_both({3, 4, 5, in, out, 3, 1});
  }
  // Rectangles, flat ones too.
  for (const std::int64_t stride : {1, 2}) {
    add_both({3, 5, 9, 3, 5, 3, stride});
    add_both({2, 11, 4, 4, 8, 5, stride});
    add_both({2, 1, 13, 4, 4, 5, stride});
    add_both({2, 13, 1, 1, 4, 5, stride});
  }
  // Batches that fill the last tile of positions partly, and split the kernel's gradient.
  for (const std::int64_t batch : {1, 3, 96, 150}) {
    add_both({batch, 7, 7, 4, 4, 5, 2});
    add_both({batch, 4, 4, 3, 5, 5, 1});
    add({batch, 8, 8, 1, batch < 96 ? 4 : 16, 5, 2});
    add(transposed({batch, 4, 4, batch < 96 ? 64 : 16, 1, 5, 2}));
  }
  // 50,176 positions, as at a batch of 256.
  add({256, 28, 28, 4, 8, 5, 2});
  add(transposed({256, 14, 14, 8, 4, 5, 2}));
  // Through the epilogue of the layer before: of classes that differ in size, empty ones too, in
  // parts, of several tiles, of one channel, of sizes that are no multiple of 4.
  for (const ConvShape& s : std::vector<ConvShape>{{2, 14, 14, 32, 64, 5, 2},
                                                   {40, 7, 7, 8, 12, 5, 2},
                                                   {3, 9, 5, 4, 4, 3, 2},
                                                   {2, 1, 13, 4, 4, 5, 2},
                                                   {20, 7, 7, 64, 128, 5, 1},
                                                   {1, 4, 4, 36, 256, 5, 1},
                                                   {3, 6, 6, 1, 8, 5, 2},
                                                   {2, 6, 9, 3, 5, 3, 1}})
    for (const ConvShape& either : {s, transposed(s)})
      cases.push_back(std::make_shared<ThroughCase>(std::make_shared<ConvCase>(either), either.in));
  // The layer before is dense: its channels are a whole picture.
  cases.push_back(std::make_shared<ThroughCase>(
      std::make_shared<ConvCase>(transposed({12, 4, 4, 8, 4, 5, 2})), 128));
  // Between batch norms: each tile, one that ends within the rows, classes that differ in size and
  // are empty, sums in few parts and in many, one channel, sizes that are no multiple of 4.
  const auto add_norms = [&](const ConvShape& s, float mean = 3) {
    cases.push_back(std::make_shared<BesideNormCase>(std::make_shared<ConvCase>(s), mean));
  };
  for (const ConvShape& s : std::vector<ConvShape>{{40, 7, 7, 8, 12, 5, 2},
                                                   {2, 1, 13, 4, 4, 5, 2},
                                                   {3, 9, 5, 4, 4, 3, 2},
                                                   {150, 14, 14, 8, 12, 3, 2},
                                                   {255, 7, 7, 4, 64, 3, 1},
                                                   {255, 7, 7, 4, 128, 3, 1},
                                                   {501, 7, 7, 8, 64, 3, 2},
                                                   {1, 4, 4, 36, 256, 5, 1},
                                                   {2, 14, 14, 32, 64, 5, 2},
                                                   {20, 7, 7, 64, 128, 5, 1},
                                                   {3, 6, 6, 1, 8, 5, 2},
                                                   {5, 10, 14, 1, 128, 5, 2},
                                                   {2, 7, 9, 1, 12, 5, 1},
                                                   {1, 4, 4, 1, 4, 3, 1},
                                                   {2, 6, 9, 3, 5, 3, 1}})
    for (const ConvShape& either : {s, transposed(s)}) add_norms(either);
  add_norms({40, 7, 7, 8, 12, 5, 2}, 100);
  add_norms(transposed({150, 7, 7, 8, 12, 5, 2}), 100);
  add_norms(transposed({3, 4, 4, 128, 64, 5, 2}), 100);  // in parts
  add_norms(transposed({33, 14, 14, 32, 1, 5, 2}), 100);
  add({300, 4, 4, 1, 32, 5, 2});  // more than the one-channel gradient has parts
  return cases;
}

const AddOpCases added({.op = "conv2d",
                        .all = conv_cases,
                        .has_slopes = true,
                        // At either position of a row of two pixels two of three taps meet it.
                        .described = {
                            {describe(ConvShape{2, 2, 2, 3, 5, 3, 1}, Direction::forward),
                             "conv2d 2x2x2x3->5 k3 /1 forward", 2 * 2 * 4 * 4 * 3 * 5,
                             4 * (2 * 4 * 3 + 9 * 15 + 2 * 4 * 5)},
                            {describe(ConvShape{2, 2, 2, 3, 5, 3, 1}, Direction::forward, true),
                             "conv2d 2x2x2x3->5 k3 /1 forward", 2 * 2 * 4 * 4 * 3 * 5,
                             4 * (2 * 4 * 3 + 9 * 15 + 2 * 4 * 5) + 2 * 4 * 5},
                            {describe(ConvShape{2, 2, 2, 3, 5, 3, 1}, Direction::backward),
                             "conv2d 2x2x2x3->5 k3 /1 backward", 2 * 2 * 2 * 4 * 4 * 3 * 5,
                             4 * (2 * 2 * 4 * 3 + 2 * 9 * 15 + 2 * 4 * 5)}}});

}  // namespace
}  // namespace dcgan::test
