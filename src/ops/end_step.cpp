#include "ops/end_step.h"

namespace dcgan {

double least_bytes(const EndStep& end) {  // all is read and written, the position too
  return static_cast<double>(8 * end.measure_count + 16 * end.words + 16);
}

Op describe(const EndStep& end) {
  return {
      "end_step", "", {{"measures", end.measure_count}, {"words", end.words}}, 0, least_bytes(end)};
}

}  // namespace dcgan
