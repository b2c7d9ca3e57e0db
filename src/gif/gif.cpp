// Animated GIFs by giflib.
#include "gif/gif.h"

#include <fcntl.h>
#include <gif_lib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include "dcgan/error.h"
#include "gif/palette.h"
#include "io/descriptor.h"

namespace dcgan {
namespace {

constexpr int largest_side = 65535;

using ColourTable = std::unique_ptr<ColorMapObject, void (*)(ColorMapObject*)>;

/// GIF's tables have a power of two of entries, two at least.
ColourTable colour_table(const std::vector<std::array<std::uint8_t, 3>>& colours) {
  int size = 2;
  while (size < static_cast<int>(colours.size())) size *= 2;
  std::vector<GifColorType> entries(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < colours.size(); ++i)
    entries[i] = {colours[i][0], colours[i][1], colours[i][2]};
  return {GifMakeMapObject(size, entries.data()), GifFreeMapObject};
}

ColourTable all_greys() {
  std::vector<std::array<std::uint8_t, 3>> greys;
  for (int i = 0; i < 256; ++i) {
    const auto grey = static_cast<std::uint8_t>(i);
    greys.push_back({grey, grey, grey});
  }
  return colour_table(greys);
}

/// Makes the pieces of a GIF; its header is there at once.
class Encoder {
 public:
  Encoder(int width, int height) {
    if (width < 1 || height < 1 || width > largest_side || height > largest_side)
      throw Error("a GIF of " + std::to_string(width) + "x" + std::to_string(height) +
                  " pixels: each side must be from 1 to 65535");
    int error = 0;
    gif_.reset(EGifOpen(&bytes_, append, &error));
    if (!gif_) throw Error(std::string("a GIF could not be made: ") + GifErrorString(error));
    EGifSetGifVersion(gif_.get(), true);
    const ColourTable greys = all_greys();
    const GifByteType forever[3] = {1, 0, 0};
    check(EGifPutScreenDesc(gif_.get(), width, height, 8, 0, greys.get()));
    check(EGifPutExtensionLeader(gif_.get(), APPLICATION_EXT_FUNC_CODE));
    check(EGifPutExtensionBlock(gif_.get(), 11, "NETSCAPE2.0"));
    check(EGifPutExtensionBlock(gif_.get(), 3, forever));
    check(EGifPutExtensionTrailer(gif_.get()));
  }
  /// Grey levels are indices into the header's table.
  void frame(const Image& image, int delay_ms) {
    GraphicsControlBlock control{};
    control.DisposalMode = DISPOSE_DO_NOT;
    control.DelayTime = delay_ms / 10;
    control.TransparentColor = NO_TRANSPARENT_COLOR;
    GifByteType block[4];
    const std::size_t size = EGifGCBToExtension(&control, block);
    check(EGifPutExtension(gif_.get(), GRAPHICS_EXT_FUNC_CODE, static_cast<int>(size), block));
    ReducedColours colours;
    ColourTable table(nullptr, GifFreeMapObject);
    if (image.channels == 1) {
      colours.indices = image.pixels;
    } else {
      colours = reduce_colours(image.pixels);
      table = colour_table(colours.palette);
    }
    check(EGifPutImageDesc(gif_.get(), 0, 0, image.width, image.height, false, table.get()));
    for (int y = 0; y < image.height; ++y)
      check(EGifPutLine(gif_.get(), &colours.indices[std::size_t(y) * image.width], image.width));
  }

  const std::string& bytes() const { return bytes_; }

 private:
  static int append(GifFileType* gif, const GifByteType* data, int size) {
    static_cast<std::string*>(gif->UserData)
        ->append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    return size;
  }
  void check(int status) const {
    if (status == GIF_OK) return;
    const char* reason = GifErrorString(gif_->Error);
    throw Error(std::string("a GIF could not be made: ") + (reason ? reason : "no reason given"));
  }

  struct Close {
    void operator()(GifFileType* gif) const { EGifCloseFile(gif, nullptr); }
  };

  std::string bytes_;  // outlives gif_, which writes a trailer as it ends
  std::unique_ptr<GifFileType, Close> gif_;
};

}  // namespace

std::string gif_header(int width, int height) { return Encoder(width, height).bytes(); }

std::string gif_frame(const Image& frame, int delay_ms) {
  Encoder encoder(frame.width, frame.height);
  const std::size_t header_bytes = encoder.bytes().size();
  encoder.frame(frame, delay_ms);
  return encoder.bytes().substr(header_bytes);
}

GifWriter::GifWriter(const std::string& path, int delay_ms)
    : path_(path), delay_ms_(delay_ms), file_(path) {}

void GifWriter::add(const Image& frame) {
  const auto write = [&](const std::string& bytes) {
    file_.write(std::as_bytes(std::span(bytes)));
  };
  if (channels_ == 0) {
    width_ = frame.width;
    height_ = frame.height;
    channels_ = frame.channels;
    write(gif_header(width_, height_));
  }
  if (frame.width != width_ || frame.height != height_ || frame.channels != channels_)
    throw Error(path_ + ": the frames of a GIF have different sizes");
  write(gif_frame(frame, delay_ms_));
}

void GifWriter::finish() {
  if (channels_ == 0) throw Error(path_ + ": a GIF without frames");
  file_.write(std::as_bytes(std::span(gif_trailer)));
  file_.finish();
}

void write_gif(const std::string& path, const std::vector<Image>& frames, int delay_ms) {
  GifWriter writer(path, delay_ms);
  for (const Image& frame : frames) writer.add(frame);
  writer.finish();
}

void append_to_gif(const std::string& path, const Image& frame, int delay_ms) {
  const std::string added = gif_frame(frame, delay_ms).append(gif_trailer);
  const auto bytes = std::as_bytes(std::span(added));
  const Descriptor file(path, O_RDWR);
  const off_t end = file.get() < 0 ? -1 : lseek(file.get(), 0, SEEK_END);
  if (end < 0) fail_to_write(path, "cannot be written", errno);
  write_all(file, bytes.subspan(1), path);
  if (TEMP_FAILURE_RETRY(fsync(file.get())) != 0 || lseek(file.get(), end - 1, SEEK_SET) < 0)
    fail_to_write(path, "cannot be written", errno);
  write_all(file, bytes.first(1), path);
}

}  // namespace dcgan
