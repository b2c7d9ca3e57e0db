// Animated GIFs.
#pragma once
#include <string>
#include <vector>

#include "image/image.h"

namespace dcgan {

/// An endlessly looping GIF. All frames have the first one's size (others are an Error).
void write_gif(const std::string& path, const std::vector<Image>& frames, int delay_ms);

}  // namespace dcgan
