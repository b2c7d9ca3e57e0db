// What every backend must draw: masks and shuffles bit for bit, noise to rounding.
#include "ops/random_case.h"

#include <cmath>

#include "ops/philox.h"
#include "ref/reference.h"

namespace dcgan::test {
namespace {

constexpr RandomAddress shuffle{0xfedcba9876543210u, 2, 0x1'0000'0001u};

/// A Run of one pass and one result.
template <class T, class F>
class DrawRun final : public Run {
 public:
  DrawRun(Backend& backend, const char* name, std::int64_t n, F draw)
      : out_(backend, name, n), draw_(std::move(draw)) {}
  void pass(std::size_t) override { draw_(out_.data()); }
  std::vector<Result> results() const override { return {out_.read()}; }

 private:
  Output<T> out_;
  F draw_;
};

template <class T, class F>
std::unique_ptr<Run> draw_run(Backend& backend, const char* name, std::int64_t n, F draw) {
  return std::make_unique<DrawRun<T, F>>(backend, name, n, std::move(draw));
}

std::vector<std::uint8_t> some_pixels(std::int64_t n) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return pixels;
}

/// An address whose first element draws just the threshold of `rate`, so that < and <= differ.
RandomAddress on_the_threshold(float rate) {
  const auto threshold = static_cast<std::uint32_t>(std::lround(static_cast<double>(rate) * 65536));
  RandomAddress a{3, 5, 0};
  while ((philox_at(a.seed, a.stream, a.step, 0).word[0] & 0xffff) != threshold) ++a.step;
  return a;
}

}  // namespace

std::vector<Pass> NoiseCase::passes() const {
  const Op op = describe(NormalDraw{address_, n_, nullptr});
  return {{"noise", op, op.bytes}};
}
std::unique_ptr<Run> NoiseCase::start(Backend& backend) const {
  return draw_run<float>(backend, "noise", n_, [&backend, a = address_, n = n_](float* out) {
    backend.draw_normal({a, n, out});
  });
}
std::vector<Expected> NoiseCase::expected() const {
  return {{"noise", ref::normal(address_, n_), 2e-6}};
}

std::string KeepMaskCase::name() const {
  return "keep_mask_n" + std::to_string(n_) + "_rate" +
         std::to_string(std::lround(static_cast<double>(dropout_rate_) * 100));
}
std::vector<Pass> KeepMaskCase::passes() const {
  const Op op = describe(KeepMaskDraw{address_, dropout_rate_, n_, nullptr});
  return {{"mask", op, op.bytes}};
}
std::unique_ptr<Run> KeepMaskCase::start(Backend& backend) const {
  return draw_run<std::uint8_t>(
      backend, "mask", n_,
      [&backend, a = address_, rate = dropout_rate_, n = n_](std::uint8_t* out) {
        backend.draw_keep_mask({a, rate, n, out});
      });
}
std::vector<Expected> KeepMaskCase::expected() const {
  const auto mask = ref::keep_mask(address_, dropout_rate_, n_);
  return {exact("mask", Floats(mask.begin(), mask.end()))};
}

Gather GatherCase::gather(const std::uint8_t* pixels, float* out) const {
  return {pixels, count_, image_size_, shuffle, first_, batch_, out};
}
std::string GatherCase::name() const {
  return "gather_" + std::to_string(batch_) + "_of_" + std::to_string(count_) + "_from" +
         std::to_string(first_) + "_size" + std::to_string(image_size_);
}
std::vector<Pass> GatherCase::passes() const {
  const Op op = describe(gather(nullptr, nullptr));
  return {{"gather", op, op.bytes}};
}
std::unique_ptr<Run> GatherCase::start(Backend& backend) const {
  auto pixels = std::make_shared<Input<std::uint8_t>>(backend, some_pixels(count_ * image_size_));
  return draw_run<float>(
      backend, "images", batch_ * image_size_,
      [&backend, pixels, c = *this](float* out) { backend.gather(c.gather(pixels->data(), out)); });
}
std::vector<Expected> GatherCase::expected() const {
  const auto pixels = some_pixels(count_ * image_size_);
  Floats images;
  for (std::int64_t i = 0; i < batch_; ++i) {
    const std::uint64_t index =
        shuffled_index(shuffle.seed, shuffle.stream, shuffle.step,
                       static_cast<std::uint64_t>(first_ + i), static_cast<std::uint64_t>(count_));
    for (std::int64_t p = 0; p < image_size_; ++p) {
      const auto level = static_cast<float>(
          pixels[static_cast<std::size_t>(static_cast<std::int64_t>(index) * image_size_ + p)]);
      images.push_back((level - 127.5F) / 127.5F);
    }
  }
  return {exact("images", images)};
}

Cases random_cases() {
  const RandomAddress low{42, 3, 9}, high{0x123456789abcdefu, 17, 0x1'0000'0007u};
  Cases cases;
  for (const std::int64_t n : {1, 2, 3, 4, 5, 1023, 10001})
    cases.push_back(std::make_shared<NoiseCase>(n % 2 ? low : high, n));
  for (const std::int64_t n : {1, 7, 8, 9, 15, 1001, 100007})
    cases.push_back(std::make_shared<KeepMaskCase>(high, 0.3F, n));
  for (const std::int64_t n : {6, 512})
    cases.push_back(std::make_shared<KeepMaskCase>(on_the_threshold(0.3F), 0.3F, n));
  for (const float rate : {0.0F, 0.5F, 0.99F})
    cases.push_back(std::make_shared<KeepMaskCase>(low, rate, 2050));
  const auto gather = [&](std::int64_t count, std::int64_t size, std::int64_t first,
                          std::int64_t batch) {
    cases.push_back(std::make_shared<GatherCase>(count, size, first, batch));
  };
  gather(37, 29, 30, 7);  // up to the last
  gather(37, 28, 0, 37);
  gather(1, 1, 0, 1);
  gather(2, 3, 1, 1);
  gather(1000, 784, 903, 96);
  gather(257, 5, 100, 150);
  gather(64, 12288, 61, 3);
  return cases;
}

}  // namespace dcgan::test
