// What the networks take, beside what the machine or the container has free.
#include "train/memory.h"

#include <cstdint>
#include <string>

#include "backend/machine_limits.h"
#include "dcgan/error.h"
#include "io/size_text.h"
#include "train/model.h"

namespace dcgan {
void check_host_memory(const Config& config, const std::string& root) {
  const std::int64_t need = model_bytes(config), have = free_memory_bytes(root);
  if (need > have)
    throw Error("batch_size=" + std::to_string(config.batch_size) + " with these networks takes " +
                gib_text(static_cast<std::uint64_t>(need)) + ", but this machine has " +
                gib_text(static_cast<std::uint64_t>(have)) +
                " free: a smaller --batch-size, width or latent may fit");
}

}  // namespace dcgan
