// Batches of every kind of size, from the first image and up to the last, bit for bit.
#include "ops/gather_case.h"

#include "ops/philox.h"
#include "ops/random_case.h"

namespace dcgan::test {
namespace {

constexpr RandomAddress shuffle{0xfedcba9876543210u, 2, 0x1'0000'0001u};
constexpr RandomAddress coin{0x0123456789abcdefu, 5, 0x3'0000'0002u};

constexpr float between_rows = -7;

std::vector<std::uint8_t> some_pixels(std::int64_t n) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return pixels;
}

}  // namespace

Gather GatherCase::gather(const std::uint8_t* pixels, float* out) const {
  Gather g{pixels, count_, image_size_, shuffle,
           first_, batch_, out,         {coin, mirrored_.width, mirrored_.channels}};
  if (levels_) g.offset = levels_->offset, g.scale = levels_->scale;
  g.stride = stride_;
  return g;
}
std::string GatherCase::name() const {
  return "gather_" + std::to_string(batch_) + "_of_" + std::to_string(count_) + "_from" +
         std::to_string(first_) + "_size" + std::to_string(image_size_) +
         (mirrored_.width ? "_mirrored" + std::to_string(mirrored_.width) : "") +
         (levels_ ? "_by" + std::to_string(static_cast<int>(levels_->scale)) : "") +
         (stride_ ? "_stride" + std::to_string(stride_) : "") + (in_memory_ ? "_in_memory" : "");
}
std::vector<Pass> GatherCase::passes() const {
  const Op op = describe(gather(nullptr, nullptr));
  return {{"gather", op, op.bytes}};
}
std::unique_ptr<Run> GatherCase::start(Backend& backend) const {
  auto pixels = std::make_shared<Input<std::uint8_t>>(backend, some_pixels(count_ * image_size_));
  auto steps =
      std::make_shared<Input<std::uint64_t>>(backend, std::vector{shuffle.step, coin.step});
  auto first = std::make_shared<Input<std::int64_t>>(backend, std::vector{first_});
  const std::int64_t row = stride_ ? stride_ : image_size_;
  return std::make_unique<DrawRun<float>>(
      backend, "images", Floats(static_cast<std::size_t>(batch_ * row), between_rows),
      [&backend, pixels, steps, first, c = *this](float* out) {
        Gather g = c.gather(pixels->data(), out);
        if (c.in_memory_) {
          g.shuffle.step = g.mirror.address.step = 77;
          g.first = 1;
          g.shuffle.step_in_memory = steps->data();
          g.mirror.address.step_in_memory = steps->data() + 1;
          g.first_in_memory = first->data();
        }
        backend.gather(g);
      });
}
std::vector<Expected> GatherCase::expected() const {
  const auto pixels = some_pixels(count_ * image_size_);
  const auto [offset, scale] = levels_.value_or(Levels{127.5F, 127.5F});
  Floats images;
  for (std::int64_t i = 0; i < batch_; ++i) {
    const std::uint64_t index =
        shuffled_index(shuffle.seed, shuffle.stream, shuffle.step,
                       static_cast<std::uint64_t>(first_ + i), static_cast<std::uint64_t>(count_));
    const bool turned =
        mirrored_.width > 0 &&
        philox_at(coin.seed, coin.stream, coin.step, static_cast<std::uint32_t>(index)).word[0] %
                2 ==
            1;
    for (std::int64_t p = 0; p < image_size_; ++p) {
      std::int64_t from = p;
      if (turned) {
        const std::int64_t channel = p % mirrored_.channels, pixel = p / mirrored_.channels,
                           x = pixel % mirrored_.width, y = pixel / mirrored_.width;
        from = (y * mirrored_.width + mirrored_.width - 1 - x) * mirrored_.channels + channel;
      }
      const auto level = static_cast<float>(
          pixels[static_cast<std::size_t>(static_cast<std::int64_t>(index) * image_size_ + from)]);
      images.push_back((level - offset) / scale);
    }
    for (std::int64_t p = image_size_; p < stride_; ++p) images.push_back(between_rows);
  }
  return {exact("images", images)};
}

namespace {

Cases gather_cases() {
  Cases cases;
  const auto gather = [&](std::int64_t count, std::int64_t size, std::int64_t first,
                          std::int64_t batch, MirroredRows mirrored = {},
                          std::optional<Levels> levels = {}, std::int64_t stride = 0,
                          bool in_memory = false) {
    cases.push_back(std::make_shared<GatherCase>(count, size, first, batch, mirrored, levels,
                                                 stride, in_memory));
  };
  gather(37, 29, 30, 7);  // up to the last
  gather(37, 28, 0, 37);
  gather(1, 1, 0, 1);
  gather(2, 3, 1, 1);
  gather(1000, 784, 903, 96);
  gather(257, 5, 100, 150);
  gather(64, 12288, 61, 3);
  gather(50, 28 * 28, 3, 40, {28, 1});
  gather(50, 6 * 7 * 3, 0, 50, {7, 3});  // a middle column
  gather(9, 4 * 3, 5, 4, {4, 3});
  gather(9, 5, 0, 9, {1, 5});  // nothing to turn
  gather(40, 32 * 32 * 3, 20, 20, {32, 3});
  constexpr Levels shares{0, 255}, raw{0, 1}, other{10.25F, 3};
  gather(300, 28, 0, 300, {}, shares);
  gather(300, 29, 7, 200, {}, shares);
  gather(50, 6 * 7 * 3, 0, 50, {7, 3}, shares);
  gather(1000, 1, 903, 97, {}, raw);  // labels
  gather(256, 1, 0, 256, {}, shares);
  gather(80, 12, 0, 80, {}, raw);
  gather(80, 15, 0, 80, {}, other);
  gather(80, 16, 0, 80, {}, other);
  gather(80, 12, 0, 80, {4, 3}, other);
  gather(300, 10, 7, 250, {}, raw, 110);  // codes of classes behind latent vectors
  gather(80, 12, 3, 70, {}, raw, 13);
  gather(9, 8, 0, 9, {}, raw, 8);
  gather(80, 12, 0, 80, {4, 3}, other, 15);
  gather(200, 12, 103, 80, {}, {}, 0, true);
  gather(200, 12, 103, 80, {4, 3}, {}, 0, true);
  gather(200, 10, 103, 80, {}, raw, 13, true);
  return cases;
}

const AddOpCases added(
    {.op = "gather",
     .all = gather_cases,
     .described = {{describe(Gather{nullptr, 9, 10, {}, 0, 3, nullptr}), "gather 3x10", 2 * 30,
                    30 + 4 * 30}},
     .accesses = {{std::make_shared<GatherCase>(100, 1024, 0, 4), {"gather"}, {4}, {16}}},
     .of = [](const Op& op) -> std::shared_ptr<const Case> {
       return std::make_shared<GatherCase>(8192, op.at("image_size"), 1000, op.at("batch"));
     }});

}  // namespace
}  // namespace dcgan::test
