#include "ops/gather.h"

namespace dcgan {

std::int64_t Mirror::row() const { return width * channels; }

std::int64_t Gather::row() const { return stride ? stride : image_size; }

double least_bytes(const Gather& g) {  // a byte in, a float out
  return 5 * static_cast<double>(g.batch * g.image_size);
}

Op describe(const Gather& g) {
  const auto values = static_cast<double>(g.batch * g.image_size);
  return {
      "gather", "", {{"batch", g.batch}, {"image_size", g.image_size}}, 2 * values, least_bytes(g)};
}

}  // namespace dcgan
