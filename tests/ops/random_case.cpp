// The draws of every backend: masks and shuffles bit for bit, noise to rounding.
#include "ops/random_case.h"

#include <cmath>

#include "ops/philox.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

/// An address whose first element draws exactly the threshold of `rate`, so that < and <= differ.
RandomAddress on_the_threshold(float rate) {
  const auto threshold = static_cast<std::uint32_t>(std::lround(static_cast<double>(rate) * 65536));
  RandomAddress a{3, 5, 0};
  while ((philox_at(a.seed, a.stream, a.step, 0).word[0] & 0xffff) != threshold) ++a.step;
  return a;
}

constexpr std::uint8_t between_masks = 9;

/// The address of an op that is to find the step in `memory`.
RandomAddress with_step_in(const std::uint64_t* memory, RandomAddress address) {
  address.step = 77;
  address.step_in_memory = memory;
  return address;
}

}  // namespace

std::vector<Pass> NoiseCase::passes() const {
  const Op op = describe(NormalDraw{address_, n_, nullptr});
  return {{"noise", op, op.bytes}};
}
std::unique_ptr<Run> NoiseCase::start(Backend& backend) const {
  auto step = std::make_shared<Input<std::uint64_t>>(backend, std::vector{address_.step});
  const RandomAddress a = in_memory_ ? with_step_in(step->data(), address_) : address_;
  return std::make_unique<DrawRun<float>>(backend, "noise", n_,
                                          [&backend, step, a, n = n_](float* out) {
                                            backend.draw_normal({a, n, out});
                                          });
}
std::vector<Expected> NoiseCase::expected() const {
  return {{"noise", ref::normal(address_, n_), 2e-6}};
}

std::string KeepMaskCase::name() const {
  return "mask_n" + std::to_string(n_) + "_rate" +
         std::to_string(std::lround(static_cast<double>(dropout_rate_) * 100)) +
         (in_memory_ ? "_in_memory" : "");
}
std::vector<Pass> KeepMaskCase::passes() const {
  const Op op = describe(std::vector{KeepMaskDraw{address_, dropout_rate_, n_, nullptr}});
  return {{"mask", op, op.bytes}};
}
std::unique_ptr<Run> KeepMaskCase::start(Backend& backend) const {
  auto step = std::make_shared<Input<std::uint64_t>>(backend, std::vector{address_.step});
  const RandomAddress a = in_memory_ ? with_step_in(step->data(), address_) : address_;
  return std::make_unique<DrawRun<std::uint8_t>>(
      backend, "mask", n_, [&backend, step, a, rate = dropout_rate_, n = n_](std::uint8_t* out) {
        backend.draw_keep_masks({{a, rate, n, out}});
      });
}
std::vector<Expected> KeepMaskCase::expected() const {
  const auto mask = ref::keep_mask(address_, dropout_rate_, n_);
  return {exact("mask", Floats(mask.begin(), mask.end()))};
}

std::string KeepMasksCase::name() const {
  std::string name = "mask_of";
  for (const std::int64_t n : sizes_) name += "_" + std::to_string(n);
  return name;
}
std::vector<KeepMaskDraw> KeepMasksCase::draws(std::uint8_t* out) const {
  std::vector<KeepMaskDraw> draws;
  for (const std::int64_t n : sizes_) {
    const auto i = static_cast<std::uint32_t>(draws.size());
    draws.push_back({{7 + i, 16 + i, 100 + i}, 0.2F + 0.1F * static_cast<float>(i), n, out});
    out += (n + 7) / 8 * 8;
  }
  return draws;
}
std::vector<Pass> KeepMasksCase::passes() const {
  std::uint8_t none[1];
  const Op op = describe(draws(none));
  return {{"masks", op, op.bytes}};
}
std::vector<std::uint8_t> KeepMasksCase::unwritten() const {
  std::size_t bytes = 0;
  for (const std::int64_t n : sizes_) bytes += static_cast<std::size_t>((n + 7) / 8 * 8);
  return std::vector<std::uint8_t>(bytes, between_masks);
}
std::unique_ptr<Run> KeepMasksCase::start(Backend& backend) const {
  return std::make_unique<DrawRun<std::uint8_t>>(
      backend, "masks", unwritten(),
      [&backend, c = *this](std::uint8_t* out) { backend.draw_keep_masks(c.draws(out)); });
}
std::vector<Expected> KeepMasksCase::expected() const {
  Floats all;
  for (const KeepMaskDraw& d : draws(nullptr)) {
    const auto mask = ref::keep_mask(d.address, d.dropout_rate, d.n);
    all.insert(all.end(), mask.begin(), mask.end());
    all.resize((all.size() + 7) / 8 * 8, between_masks);
  }
  return {exact("masks", all)};
}

namespace {

class NoiseAndMasksRun final : public Run {
 public:
  NoiseAndMasksRun(Backend& backend, const NoiseCase& noise, std::int64_t n,
                   const KeepMasksCase& masks)
      : backend_(backend),
        noise_(noise),
        masks_(masks),
        noise_out_(backend, "noise", n),
        masks_out_(backend, "masks", masks.unwritten()) {}
  void pass(std::size_t) override {
    backend_.draw(noise_.draw(noise_out_.data()), masks_.draws(masks_out_.data()));
  }
  std::vector<Result> results() const override { return {noise_out_.read(), masks_out_.read()}; }

 private:
  Backend& backend_;
  const NoiseCase& noise_;
  const KeepMasksCase& masks_;
  Output<float> noise_out_;
  Output<std::uint8_t> masks_out_;
};

}  // namespace

std::vector<Pass> DrawCase::passes() const {
  std::uint8_t none[1];
  const Op op = describe(noise_.draw(nullptr), masks_.draws(none));
  return {{"draw", op, op.bytes}};
}
std::unique_ptr<Run> DrawCase::start(Backend& backend) const {
  return std::make_unique<NoiseAndMasksRun>(backend, noise_, n_, masks_);
}
std::vector<Expected> DrawCase::expected() const {
  std::vector<Expected> all = noise_.expected();
  for (Expected& of_masks : masks_.expected()) all.push_back(std::move(of_masks));
  return all;
}

namespace {

constexpr RandomAddress low{42, 3, 9}, high{0x123456789abcdefu, 17, 0x1'0000'0007u};

Cases noise_cases() {
  Cases cases;
  for (const std::int64_t n : {1, 2, 3, 4, 5, 1023, 10001})
    cases.push_back(std::make_shared<NoiseCase>(n % 2 ? low : high, n));
  cases.push_back(std::make_shared<NoiseCase>(high, 1001, true));
  return cases;
}

Cases mask_cases() {
  Cases cases;
  for (const std::int64_t n : {1, 7, 8, 9, 15, 1001, 100007})
    cases.push_back(std::make_shared<KeepMaskCase>(high, 0.3F, n));
  for (const std::int64_t n : {6, 512})
    cases.push_back(std::make_shared<KeepMaskCase>(on_the_threshold(0.3F), 0.3F, n));
  cases.push_back(std::make_shared<KeepMaskCase>(high, 0.3F, 1001, true));
  for (const float rate : {0.0F, 0.5F, 0.99F})
    cases.push_back(std::make_shared<KeepMaskCase>(low, rate, 2050));
  using Sizes = std::vector<std::int64_t>;
  for (const Sizes& sizes : {Sizes{2048, 3, 5000}, Sizes{5, 2049, 8, 100}, Sizes{1, 9, 17, 25, 33},
                             Sizes{40, 4096, 4, 2048, 6, 10001, 3, 8, 2}})
    cases.push_back(std::make_shared<KeepMasksCase>(sizes));
  return cases;
}

std::shared_ptr<const Case> normals(std::int64_t n) { return std::make_shared<NoiseCase>(low, n); }
std::shared_ptr<const Case> masks(std::int64_t n) {
  return std::make_shared<KeepMaskCase>(low, 0.3F, n);
}

const AddOpCases noise({.op = "noise",
                        .all = noise_cases,
                        .described = {{describe(NormalDraw{{}, 7, nullptr}), "noise 7", 280, 28}},
                        .accesses = {{normals(4096), {"draw_normal"}, {}, {16}}},
                        .of = [](const Op& op) { return normals(op.at("n")); }});
const AddOpCases mask({.op = "mask",
                       .all = mask_cases,
                       .described = {{describe(std::vector{KeepMaskDraw{{}, 0.5F, 3, nullptr},
                                                           KeepMaskDraw{{}, 0.5F, 4, nullptr}}),
                                      "mask 7", 70, 7}},
                       .accesses = {{masks(4096), {"draw_keep_masks"}, {}, {8}}},
                       .of = [](const Op& op) { return masks(op.at("n")); }});

// Noise alone, blocks that it fills and not, more masks than share its launch.
Cases draw_cases() {
  Cases cases;
  using Sizes = std::vector<std::int64_t>;
  for (const auto& [n, sizes] : {std::pair<std::int64_t, Sizes>{1001, {}},
                                 {256, {512}},
                                 {257, {513, 8}},
                                 {3, {5, 2049, 8, 100}},
                                 {25600, {40, 4096, 4, 2048, 6, 10001}}})
    cases.push_back(std::make_shared<DrawCase>(n, sizes));
  return cases;
}

const AddOpCases draws({.op = "draw",
                        .all = draw_cases,
                        .described = {{describe(NormalDraw{low, 12, nullptr},
                                                {{low, 0.3F, 5, nullptr}, {low, 0.5F, 3, nullptr}}),
                                       "draw 12x8", 40 * 12 + 10 * 8, 4 * 12 + 8}}});

}  // namespace
}  // namespace dcgan::test
