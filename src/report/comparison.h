// The page that shows finished runs side by side.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dcgan/trainer.h"

namespace dcgan {

/// What the page says about one run, of a GAN.
struct RunSummary {
  std::string title;      ///< "Vanilla GAN"
  std::string directory;  ///< the run folder; losses.png, training.gif and images/ are read from it
  std::string final_grid;  ///< path of the last epoch's grid
  std::vector<NetworkInfo> networks;
  std::vector<EpochRecord> epochs;
  std::vector<std::pair<std::string, std::string>> settings;  ///< name, value, in order
};

/// Writes one self-contained HTML file (pictures embedded): both loss plots, both GIFs, the final
/// grids side by side, parameter counts, seconds per epoch, and the settings that differ or matter.
/// `context` is shown in the head (date, backend, machine, data). Throws Error naming the file.
void write_comparison_page(const std::string& path, const std::vector<RunSummary>& runs,
                           const std::vector<std::pair<std::string, std::string>>& context);

}  // namespace dcgan
