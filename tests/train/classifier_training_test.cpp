// A classifier's Trainer against training in double: batches, labels and masks at the addresses
// that the program documents, what every step measures, the state after several epochs, and what
// is measured on the test images.
#include <gtest/gtest.h>

#include <algorithm>

#include "backend/backend.h"
#include "dcgan/trainer.h"
#include "ref/gan.h"
#include "temporary_folder.h"
#include "train/reference_batch.h"
#include "train/small_presets.h"

namespace dcgan::test {
namespace {

struct Variant {
  std::string preset, backend;
  std::uint64_t seed;  // one that keeps away from the kinks of ReLU
};

void PrintTo(const Variant& v, std::ostream* out) { *out << v.preset << " on " << v.backend; }

class ClassifierTraining : public testing::TestWithParam<Variant> {
 protected:
  /// Pixels as the preset sees them.
  static constexpr double scale(const std::string& preset) {
    return preset == "judge" ? 127.5 : 255;
  }
  static constexpr double offset(const std::string& preset) {
    return preset == "judge" ? 127.5 : 0;
  }
  static Config config() {
    Config c = small_preset(GetParam().preset);
    c.backend = GetParam().backend;
    c.batch_size = 5;
    c.width = 1.0 / 8;
    c.seed = 0x1000000000 * GetParam().seed + 12'345;
    c.dropout = 0.2;
    c.flip = 1;
    c.classifier = {2e-3, 0.6, 0.99, 1e-3};
    c.batch_norm_momentum = 0.8;
    return c;
  }
};

// Tensors of the judge are held to a wider bound: the pictures' pixels add up to zero, nearly, and
// so do the means in front of its first batch norm, of whose largest rounding is 8e-5. A mask, a
// mirrored image or a count of Adam's that is wrong changes some tensor by 1e-2 or more.
TEST_P(ClassifierTraining, HasTheSameMeasuresAndState) {
  constexpr double loss_bound = 5e-6;
  const Config c = config();
  const double state_bound = c.preset == "judge" ? 2e-4 : 1e-5;
  const Dataset data = pictures(c, 13), test = pictures(c, 7);
  Trainer trainer(c, data, test);
  const ClassifierSpec spec = classifier_spec(c);
  ref::Network network(spec.name, spec.layers, spec.image);
  network.initialise(c.seed);
  const auto batch_of = [&](const Dataset& from, std::int64_t epoch, std::int64_t first,
                            std::int64_t rows) {
    return ref_batch(c, from, epoch, first, rows, offset(c.preset), scale(c.preset));
  };
  for (std::int64_t step = 0; step < 7; ++step) {
    const std::int64_t first = step % 3 * 5, rows = std::min<std::int64_t>(5, 13 - first);
    const RefBatch batch = batch_of(data, step / 3, first, rows);
    const ref::Vector logits =
        network.forward(rows, batch.images, ref::drawn_masks(network, c.seed, step, rows, 0));
    const ref::SoftmaxLosses expected = ref::softmax_loss(logits, batch.labels);
    network.clear_gradients();
    network.backward(expected.adjoint);
    network.update(c.classifier, step + 1);
    const StepResult got = trainer.train_step();
    EXPECT_NEAR(got.measures[0], expected.loss, loss_bound) << "step " << step + 1;
    EXPECT_NEAR(got.measures[1], expected.right, 1e-6) << "step " << step + 1;
    ASSERT_EQ(got.ends_epoch, first == 10);
    if (!got.ends_epoch) continue;
    // Of the test images in their order, none of them mirrored.
    ref::Vector images;
    for (const std::uint8_t pixel : test.pixels)
      images.push_back((pixel - offset(c.preset)) / scale(c.preset));
    const ref::SoftmaxLosses tested =
        ref::softmax_loss(network.infer(7, images), {test.labels.begin(), test.labels.end()});
    const std::optional<Measures>& measured = trainer.state().history.back().test;
    ASSERT_TRUE(measured);
    EXPECT_NEAR((*measured)[0], tested.loss, loss_bound) << "step " << step + 1;
    EXPECT_NEAR((*measured)[1], tested.right, 1e-6) << "step " << step + 1;
  }
  const TemporaryFolder folder;
  trainer.save(folder.path("state"));
  expect_state(SafetensorsFile(folder.path("state")), network, state_bound);
}

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const BackendStatus& b : backend_statuses()) {
    if (!b.why_unavailable.empty() || b.name == "simt-check") continue;
    all.push_back({"classifier", b.name, 1});
    all.push_back({"judge", b.name, 4});
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Variant>& info) {
  return as_test_name(info.param.preset + "_" + info.param.backend);
}

INSTANTIATE_TEST_SUITE_P(Variants, ClassifierTraining, testing::ValuesIn(variants()), name_of);

}  // namespace
}  // namespace dcgan::test
