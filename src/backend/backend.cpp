// Chooses a backend by name.
#include "backend/backend.h"

#include "backend/cpu/backend.h"
#include "dcgan/error.h"

namespace dcgan {

std::unique_ptr<Backend> make_backend(const std::string& name, int threads) {
  if (name == "cpu" || name == "auto") return cpu::make_backend(threads);
  if (name == "cuda" || name == "simt")
    throw Error("backend '" + name + "' is not in this build; it has: cpu");
  throw UsageError("unknown backend '" + name + "'; this build has: auto, cpu");
}

}  // namespace dcgan
