// Sheets of pictures that `evaluate` judged, to look at.
#pragma once
#include <string>

#include "cli/evaluate_samples.h"
#include "dcgan/dataset.h"
#include "evaluate/report.h"

namespace dcgan::cli {

/// Writes classes.png, the first samples of each class, and neighbours.png, samples beside the
/// training pictures nearest to them, into a folder that is there. The evaluation must know how
/// near they are. Throws Error naming the file.
void write_sheets(const std::string& directory, const Evaluation& evaluation,
                  const Samples& samples, const Dataset& training, int threads);

}  // namespace dcgan::cli
