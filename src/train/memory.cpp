// What the networks take, beside what the machine or the container has free.
#include "train/memory.h"

#include <cstdint>
#include <string>

#include "backend/machine_limits.h"
#include "dcgan/error.h"
#include "train/gan.h"

namespace dcgan {
namespace {

std::string gib(std::int64_t bytes) {
  const std::int64_t tenths = bytes / (std::int64_t{1} << 30) * 10 +
                              bytes % (std::int64_t{1} << 30) * 10 / (std::int64_t{1} << 30);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

}  // namespace

void check_host_memory(const Config& config, const std::string& root) {
  const std::int64_t need = Gan::bytes(config), have = free_memory_bytes(root);
  if (need > have)
    throw Error("batch_size=" + std::to_string(config.batch_size) + " with these networks takes " +
                gib(need) + ", but this machine has " + gib(have) +
                " free: a smaller --batch-size, width or latent may fit");
}

}  // namespace dcgan
