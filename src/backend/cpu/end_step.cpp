#include "backend/cpu/end_step.h"

#include <algorithm>

namespace dcgan::cpu {

void end_step(const EndStep& e) {
  if (*e.position == e.steps) *e.position = 0;
  std::copy_n(e.measures, e.measure_count, e.measured + *e.position * e.measure_count);
  if (++*e.position < e.steps) std::copy_n(e.states + *e.position * e.words, e.words, e.state);
}

}  // namespace dcgan::cpu
