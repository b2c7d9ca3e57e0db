// Reads what a GIF holds.
#pragma once
#include <gif_lib.h>

#include <cstring>
#include <string>

#include "dcgan/error.h"
#include "image/image.h"

namespace dcgan::test {

/// A GIF as a decoder sees it.
class Gif {
 public:
  explicit Gif(const std::string& path) {
    int error = 0;
    file_ = DGifOpenFileName(path.c_str(), &error);
    if (!file_ || DGifSlurp(file_) != GIF_OK) throw Error(path + ": not a GIF");
  }
  ~Gif() { DGifCloseFile(file_, nullptr); }
  Gif(const Gif&) = delete;
  Gif& operator=(const Gif&) = delete;

  int frames() const { return file_->ImageCount; }
  int width() const { return file_->SWidth; }
  int height() const { return file_->SHeight; }
  int delay_ms(int frame) const {
    GraphicsControlBlock control{};
    return DGifSavedExtensionToGCB(file_, frame, &control) == GIF_OK ? control.DelayTime * 10 : -1;
  }
  /// 0: endless, -1: the file says nothing.
  int loops() const {
    const SavedImage& first = file_->SavedImages[0];
    for (int i = 0; i + 1 < first.ExtensionBlockCount; ++i) {
      const ExtensionBlock& name = first.ExtensionBlocks[i];
      const ExtensionBlock& value = first.ExtensionBlocks[i + 1];
      if (name.ByteCount == 11 && std::memcmp(name.Bytes, "NETSCAPE2.0", 11) == 0)
        return value.Bytes[1] | value.Bytes[2] << 8;
    }
    return -1;
  }
  GifColorType colour(int frame, int x, int y) const {
    const SavedImage& image = file_->SavedImages[frame];
    const ColorMapObject* own = image.ImageDesc.ColorMap;
    return (own ? own : file_->SColorMap)->Colors[image.RasterBits[y * image.ImageDesc.Width + x]];
  }

  /// A grey frame.
  Image grey(int frame) const {
    Image image{width(), height(), 1, {}};
    for (int y = 0; y < height(); ++y)
      for (int x = 0; x < width(); ++x) image.pixels.push_back(colour(frame, x, y).Red);
    return image;
  }

 private:
  GifFileType* file_;
};

}  // namespace dcgan::test
