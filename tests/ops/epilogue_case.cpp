// The epilogue's passes, and the shapes and variants they are tried at.
#include "ops/epilogue_case.h"

#include "ref/reference.h"

namespace dcgan::test {
namespace {

enum class Kinks { met, avoided };

struct Inputs {
  /// met: some z are zero, where LeakyReLU has its kink and takes the slope of what lies below it.
  explicit Inputs(const EpilogueCase& c, Kinks kinks = Kinks::met)
      : z(normal_floats(c.rows() * c.channels(), 1)),
        bias(normal_floats(c.channels(), 2)),
        dy(normal_floats(c.rows() * c.channels(), 3)),
        scale(normal_floats(c.rows() / c.rows_per_sample(), 4)),
        keep(random_mask(c.rows() * c.channels(), 5)) {
    if (kinks == Kinks::met)
      for (std::size_t i = 2; i < z.size(); i += 5) z[i] = 0;
  }
  Floats z, bias, dy, scale;
  std::vector<std::uint8_t> keep;
};

std::string variant_name(const EpilogueVariant& v) {
  std::string name;
  if (v.epilogue.bias) name += " bias";
  if (v.epilogue.activation == Activation::leaky_relu)
    name += v.epilogue.slope > 0 ? " leaky" : " relu";
  if (v.epilogue.activation == Activation::tanh) name += " tanh";
  if (v.epilogue.dropout_rate > 0) name += v.masked ? " dropout" : " inference";
  if (v.scaled) name += " scaled";
  return name;
}

/// One variant's operands on a backend.
class VariantRun {
 public:
  VariantRun(const EpilogueCase& c, const EpilogueVariant& v, const Inputs& in, Backend& backend)
      : backend_(backend),
        v_(v),
        rows_(c.rows()),
        channels_(c.channels()),
        sample_size_(c.rows_per_sample() * c.channels()),
        bias_(backend, in.bias),
        scale_(backend, in.scale),
        keep_(backend, in.keep),
        y_(backend, "y" + variant_name(v), in.z),
        dy_(backend, "dz" + variant_name(v), in.dy),
        dbias_(backend, "dbias" + variant_name(v), v.epilogue.bias ? c.channels() : 0) {}

  void restore(bool backward) { backward ? dy_.restore() : y_.restore(); }
  void forward() {
    backend_.epilogue_forward({v_.epilogue, rows_, channels_, bias(), keep(), y_.data()});
  }
  void backward() {
    backend_.epilogue_backward({v_.epilogue, rows_, channels_, y_.data(), keep(),
                                v_.scaled ? scale_.data() : nullptr, v_.scaled ? sample_size_ : 0,
                                dy_.data(), v_.epilogue.bias ? dbias_.data() : nullptr});
  }
  const Output<float>& dy() const { return dy_; }
  const Output<float>& dbias() const { return dbias_; }
  Output<float>& y() { return y_; }
  Input<float>& bias_input() { return bias_; }

 private:
  const float* bias() const { return v_.epilogue.bias ? bias_.data() : nullptr; }
  const std::uint8_t* keep() const {
    return v_.epilogue.dropout_rate > 0 && v_.masked ? keep_.data() : nullptr;
  }

  Backend& backend_;
  const EpilogueVariant& v_;
  std::int64_t rows_, channels_, sample_size_;
  Input<float> bias_, scale_;
  Input<std::uint8_t> keep_;
  Output<float> y_, dy_, dbias_;
};

class EpilogueRun final : public Run {
 public:
  EpilogueRun(const EpilogueCase& c, const Inputs& in, Backend& backend) {
    for (const EpilogueVariant& v : c.variants())
      variants_.push_back(std::make_unique<VariantRun>(c, v, in, backend));
  }
  void restore(std::size_t index) override { variants_[index / 2]->restore(index % 2 == 1); }
  void pass(std::size_t index) override {
    VariantRun& v = *variants_[index / 2];
    index % 2 == 0 ? v.forward() : v.backward();
  }
  std::vector<Result> results() const override {
    std::vector<Result> all;
    for (const auto& v : variants_) {
      all.push_back(v->y().read());
      all.push_back(v->dy().read());
      all.push_back(v->dbias().read());
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<VariantRun>> variants_;
};

}  // namespace

std::string EpilogueCase::name() const {
  return "epilogue_" + std::to_string(rows_) + "x" + std::to_string(channels_) + "_by" +
         std::to_string(rows_per_sample_) + "_" + title_;
}

std::vector<Pass> EpilogueCase::passes() const {
  const double in_place = 4 * static_cast<double>(rows_ * channels_);  // is moved twice
  std::vector<Pass> all;
  for (const EpilogueVariant& v : variants_) {
    const std::uint8_t some = 1;
    const std::uint8_t* keep = v.masked ? &some : nullptr;
    const Op forward =
        describe(EpilogueForward{v.epilogue, rows_, channels_, nullptr, keep, nullptr});
    const Op backward = describe(EpilogueBackward{v.epilogue, rows_, channels_, nullptr, keep,
                                                  nullptr, 0, nullptr, nullptr});
    all.push_back({"forward" + variant_name(v), forward, forward.bytes - in_place});
    all.push_back({"backward" + variant_name(v), backward, backward.bytes - in_place});
  }
  return all;
}

std::unique_ptr<Run> EpilogueCase::start(Backend& backend) const {
  return std::make_unique<EpilogueRun>(*this, Inputs(*this), backend);
}

std::vector<Expected> EpilogueCase::expected() const {
  const Inputs in(*this);
  const std::int64_t sample_size = rows_per_sample_ * channels_;
  std::vector<Expected> all;
  for (const EpilogueVariant& v : variants_) {
    auto dy = widened(in.dy);
    if (v.scaled)
      for (std::size_t i = 0; i < dy.size(); ++i)
        dy[i] *= static_cast<double>(in.scale[i / static_cast<std::size_t>(sample_size)]);
    const auto keep = v.masked ? in.keep : std::vector<std::uint8_t>();
    const auto z = widened(in.z), bias = widened(in.bias);
    const auto b = ref::epilogue_backward(v.epilogue, channels_, z, bias, keep, dy);
    all.push_back(
        near("y" + variant_name(v), ref::epilogue(v.epilogue, channels_, z, bias, keep), 1e-6));
    all.push_back(near("dz" + variant_name(v), b.dz, 2e-6));
    all.push_back(
        near("dbias" + variant_name(v), v.epilogue.bias ? b.dbias : std::vector<double>(), 1e-5));
  }
  return all;
}

std::vector<Slope> EpilogueCase::slopes(Backend& backend) const {
  constexpr double step = 1e-3, bound = 0.02;
  const Inputs in(*this, Kinks::avoided);
  std::vector<Slope> all;
  for (const EpilogueVariant& v : variants_) {
    if (v.scaled || rows_ * channels_ < 100) continue;  // among few values most may lie at a kink
    VariantRun run(*this, v, in, backend);
    run.forward();
    run.backward();
    const Floats dz = run.dy().values(), dbias = run.dbias().values();
    const auto loss_at = [&](const Floats& z) {
      run.y().set(z);
      run.forward();
      return dot(in.dy, run.y().values());
    };
    all.push_back(slope("z" + variant_name(v), loss_at, in.z, dz, step, bound));
    if (!v.epilogue.bias) continue;
    all.push_back(slope(
        "bias" + variant_name(v),
        [&](const Floats& bias) {
          run.bias_input().set(bias);
          return loss_at(in.z);
        },
        in.bias, dbias, step, bound));
  }
  return all;
}

namespace {

/// Each activation with and without bias, dropout, a mask, and factors by sample.
Cases epilogue_cases() {
  struct Size {
    std::int64_t rows, channels, rows_per_sample;
  };
  Cases cases;
  for (const Size& size : std::vector<Size>{{1, 1, 1},
                                            {96, 1, 1},
                                            {784, 1, 196},
                                            {6, 1, 3},
                                            {3, 5, 1},
                                            {7, 4, 7},
                                            {150, 3, 50},
                                            {96, 33, 24},
                                            {98, 32, 49},
                                            {8, 128, 1},
                                            {12, 4096, 4},
                                            {150, 132, 3},
                                            {4096, 3, 1024},
                                            {2352, 64, 196}})
    for (const auto& [activation, title] :
         {std::pair{Activation::none, "linear"}, std::pair{Activation::leaky_relu, "leaky"},
          std::pair{Activation::tanh, "tanh"}}) {
      std::vector<EpilogueVariant> variants;
      const bool with_relu = activation == Activation::leaky_relu && size.rows < 100;
      for (const bool bias : {false, true})
        for (const bool scaled : {false, true}) {
          for (const float rate : {0.0F, 0.3F})
            variants.push_back({{bias, activation, 0.3F, rate}, true, scaled});
          variants.push_back({{bias, activation, 0.2F, 0.5F}, false, scaled});
          if (with_relu)
            for (const float rate : {0.0F, 0.5F})
              variants.push_back({{bias, Activation::leaky_relu, 0, rate}, true, scaled});
        }
      cases.push_back(std::make_shared<EpilogueCase>(size.rows, size.channels, size.rows_per_sample,
                                                     title, variants));
    }
  // The first layer of dcgan's discriminator at a batch of 256, real and generated, and rows that
  // the most parts of a kernel's sums do not divide.
  const EpilogueVariant discriminator{{true, Activation::leaky_relu, 0.3F, 0.3F}};
  for (const auto& [rows, channels] :
       {std::pair<int, int>{100352, 32}, {65599, 32}, {32831, 64}, {8229, 33}})
    cases.push_back(std::make_shared<EpilogueCase>(rows, channels, 1, "discriminator",
                                                   std::vector{discriminator}));
  return cases;
}

std::shared_ptr<const Case> leaky_case(std::int64_t rows, bool bias) {
  const Epilogue leaky{bias, Activation::leaky_relu, 0.3F, 0};
  return std::make_shared<EpilogueCase>(rows, 64, 1, "", std::vector<EpilogueVariant>{{leaky}});
}

constexpr std::uint8_t mask = 1;
constexpr Epilogue dropout{true, Activation::none, 0, 0.5F}, tanh{true, Activation::tanh, 0, 0};
const AddOpCases added(
    {.op = "epilogue",
     .all = epilogue_cases,
     .has_slopes = true,
     .described =
         {{describe(EpilogueForward{dropout, 6, 7, nullptr, nullptr, nullptr}),
           "epilogue 6x7 forward", 3 * 42, 2 * 4 * 42},
          {describe(EpilogueForward{dropout, 6, 7, nullptr, &mask, nullptr}),
           "epilogue 6x7 forward", 3 * 42, 2 * 4 * 42 + 42},
          // Its result is read, too; without dropout no mask is.
          {describe(EpilogueBackward{tanh, 6, 7, nullptr, &mask, nullptr, 0, nullptr, nullptr}),
           "epilogue 6x7 backward", 4 * 42, 3 * 4 * 42},
          {describe(EpilogueBackward{dropout, 6, 7, nullptr, &mask, nullptr, 0, nullptr, nullptr}),
           "epilogue 6x7 backward", 4 * 42, 2 * 4 * 42 + 42}},
     .accesses = {{leaky_case(128, false), {"epilogue_forward", "epilogue_backward"}, {16}, {16}},
                  {leaky_case(600, true), {"epilogue_backward_bias"}, {16}, {16}}}});

}  // namespace
}  // namespace dcgan::test
