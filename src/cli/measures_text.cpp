#include "cli/measures_text.h"

#include "cli/messages.h"
#include "models/models.h"

namespace dcgan::cli {

std::string measures_text(const std::string& preset, const Measures& m, int decimals) {
  if (task_of(preset) == Task::classifier)
    return message("loss {:.{}f} accuracy {:.{}f}", m[0], decimals, m[1], decimals);
  return message("loss G {:.{}f} D {:.{}f}", m[0], decimals, m[1], decimals);
}

std::string measures_text(const std::string& preset, const EpochRecord& epoch) {
  constexpr int decimals = 4;
  const std::string text = measures_text(preset, epoch.means, decimals);
  if (epoch.frechet_distance) return text + message("  Frechet {:.2f}", *epoch.frechet_distance);
  return epoch.test ? text + "  test " + measures_text(preset, *epoch.test, decimals) : text;
}

}  // namespace dcgan::cli
