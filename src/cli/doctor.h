// dcgan_cuda info --doctor: what is wrong with this machine, and what a run will need of it.
#pragma once
#include <string>

#include "dcgan/config.h"

namespace dcgan::cli {

/// Prints a line for each thing that a run of `config` into `out` needs: "ok", "warning", or
/// "problem" with its remedy. Returns whether nothing prevents the run.
bool examine(const Config& config, const std::string& out);

}  // namespace dcgan::cli
