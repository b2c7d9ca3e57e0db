// What all data sets have in common, wherever they come from.
#include "dcgan/dataset.h"

#include <span>

#include "io/checksum.h"

namespace dcgan {

std::string checksum(const Dataset& data) {
  Checksum sum;
  for (const std::int64_t n : {data.count, std::int64_t{data.height}, std::int64_t{data.width},
                               std::int64_t{data.channels}})
    sum.add(std::to_string(n) + " ");
  sum.add(std::as_bytes(std::span(data.pixels)));
  return sum.text();
}

}  // namespace dcgan
