// What a preset trains on.
#pragma once
#include "data/data_source.h"
#include "dcgan/config.h"

namespace dcgan {

/// Throws UsageError where the data set must be named and is not.
ImagesWanted images_wanted(const Config& config);

}  // namespace dcgan
