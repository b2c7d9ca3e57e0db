// The four kinds of output, none of which holds more than it must.
#include "cli/sample_output.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/messages.h"
#include "dcgan/error.h"
#include "gif/gif.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "io/npy.h"
#include "plot/figure.h"

namespace dcgan::cli {
namespace {

constexpr int gif_delay_ms = 50;

ImageBatch batch_of(const std::vector<std::uint8_t>& pixels, const PictureSize& size) {
  return {pixels, static_cast<int>(std::ssize(pixels) / size.values()), size.height, size.width,
          size.channels};
}

class ArrayOutput : public SampleOutput {
 public:
  ArrayOutput(const std::string& out, std::int64_t count, const PictureSize& size)
      : file_(out, {count, size.height, size.width, size.channels}) {}
  void add(std::span<const float> pictures) override { file_.write(pictures); }
  void finish() override { file_.finish(); }

 private:
  NpyWriter file_;
};

/// Files 0001.png, 0002.png, ...
class FolderOutput : public SampleOutput {
 public:
  FolderOutput(std::string out, std::int64_t count, const PictureSize& size)
      : out_(std::move(out)), size_(size), digits_(std::max(4, digits(count))) {
    ensure_writable_directory(out_);
  }
  void add(std::span<const float> pictures) override {
    const auto values = static_cast<std::size_t>(size_.values());
    for (std::size_t at = 0; at < pictures.size(); at += values) {
      const std::string name = message("{:0{}}.png", ++written_, digits_);
      write_png((std::filesystem::path(out_) / name).string(),
                {size_.width, size_.height, size_.channels,
                 to_bytes({pictures.begin() + static_cast<std::ptrdiff_t>(at),
                           pictures.begin() + static_cast<std::ptrdiff_t>(at + values)})});
    }
  }
  void finish() override {}

 private:
  static int digits(std::int64_t n) { return static_cast<int>(std::to_string(n).size()); }

  std::string out_;
  PictureSize size_;
  int digits_;
  std::int64_t written_ = 0;
};

class PictureOutput : public SampleOutput {
 public:
  PictureOutput(std::string out, std::int64_t count, const PictureSize& size, const Grid& grid)
      : out_(std::move(out)), count_(count), size_(size), grid_(grid) {
    bytes_.reserve(static_cast<std::size_t>(count * size.values()));
  }
  void add(std::span<const float> pictures) override {
    const std::vector<std::uint8_t> more = to_bytes({pictures.begin(), pictures.end()});
    bytes_.insert(bytes_.end(), more.begin(), more.end());
  }
  void finish() override {
    if (count_ == 1)
      write_png(out_, {size_.width, size_.height, size_.channels, bytes_});
    else
      write_png(out_, grid_figure(batch_of(bytes_, size_), grid_.rows, grid_.columns, ""));
  }

 private:
  std::string out_;
  std::int64_t count_;
  PictureSize size_;
  Grid grid_;
  std::vector<std::uint8_t> bytes_;
};

class AnimationOutput : public SampleOutput {
 public:
  AnimationOutput(const std::string& out, const PictureSize& size, const Grid& grid)
      : file_(out, gif_delay_ms), size_(size), grid_(grid) {}
  void add(std::span<const float> pictures) override {
    const std::vector<std::uint8_t> more = to_bytes({pictures.begin(), pictures.end()});
    const auto frame_bytes = static_cast<std::size_t>(grid_.cells() * size_.values());
    for (const std::uint8_t byte : more) {
      frame_.push_back(byte);
      if (frame_.size() < frame_bytes) continue;
      file_.add(grid_figure(batch_of(frame_, size_), grid_.rows, grid_.columns, ""));
      frame_.clear();
    }
  }
  void finish() override { file_.finish(); }

 private:
  GifWriter file_;
  PictureSize size_;
  Grid grid_;
  std::vector<std::uint8_t> frame_;  // as much of the next as is there
};

}  // namespace

Target target_of(const std::string& out) {
  if (out.ends_with(".png")) return Target::png;
  if (out.ends_with(".npy")) return Target::npy;
  if (out.ends_with(".gif")) return Target::gif;
  std::error_code none;
  if (out.ends_with('/') || std::filesystem::is_directory(out, none)) return Target::folder;
  throw UsageError("--out " + out +
                   ": expected a name that ends in .png, .npy or .gif, or in / for a folder");
}

std::unique_ptr<SampleOutput> make_output(Target target, const std::string& out, std::int64_t count,
                                          const PictureSize& size, const Grid& grid) {
  switch (target) {
    case Target::png:
      return std::make_unique<PictureOutput>(out, count, size, grid);
    case Target::npy:
      return std::make_unique<ArrayOutput>(out, count, size);
    case Target::gif:
      return std::make_unique<AnimationOutput>(out, size, grid);
    case Target::folder:
      break;
  }
  return std::make_unique<FolderOutput>(out, count, size);
}

}  // namespace dcgan::cli
