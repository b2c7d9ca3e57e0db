// Animated GIFs. Grey frames keep all 256 levels; a frame in colour has a table of up to 256
// colours of its own, in which grey stays grey.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "io/atomic_file.h"

namespace dcgan {

/// An endlessly looping GIF. All frames have the first one's size (others are an Error).
void write_gif(const std::string& path, const std::vector<Image>& frames, int delay_ms);

/// The same frame by frame, without holding them all. The file appears when it is finished.
class GifWriter {
 public:
  GifWriter(const std::string& path, int delay_ms);
  /// Throws Error if the frame has not the first one's size.
  void add(const Image& frame);
  /// Throws Error if there was no frame.
  void finish();

 private:
  std::string path_;
  int delay_ms_;
  int width_ = 0, height_ = 0, channels_ = 0;
  AtomicFile file_;
};

/// A GIF in pieces: its header, then each frame, then its trailer. No piece depends on another, so
/// a frame can be appended by writing it, and the trailer again, over the trailer. Throws Error for
/// pictures that no GIF can hold.
std::string gif_header(int width, int height);
std::string gif_frame(const Image& frame, int delay_ms);
constexpr std::string_view gif_trailer = ";";

/// Appends a frame to the GIF, at the cost of that frame alone. The file is whole at every moment:
/// what is behind its trailer is no part of it until one byte makes the trailer the frame's
/// beginning. Throws Error.
void append_to_gif(const std::string& path, const Image& frame, int delay_ms);

}  // namespace dcgan
