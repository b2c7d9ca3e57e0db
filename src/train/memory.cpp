// Estimates from the layers, and the machine's or container's memory.
#include "train/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "dcgan/error.h"
#include "train/gan.h"

namespace dcgan {
namespace {

std::int64_t free_memory_bytes() {
  std::int64_t available = std::numeric_limits<std::int64_t>::max();
  std::ifstream system("/proc/meminfo");
  std::string name;
  std::int64_t kib = 0;
  for (std::string unit; system >> name >> kib; std::getline(system, unit))
    if (name == "MemAvailable:") available = kib * 1024;
  std::int64_t limit = 0, used = 0;  // of a container; "max" where there is no limit
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit &&
      std::ifstream("/sys/fs/cgroup/memory.current") >> used)
    available = std::min(available, limit - used);
  return available;
}

std::string gib(std::int64_t bytes) {
  const std::int64_t tenths = bytes / (std::int64_t{1} << 30) * 10 +
                              bytes % (std::int64_t{1} << 30) * 10 / (std::int64_t{1} << 30);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

}  // namespace

void check_host_memory(const Config& config) {
  const std::int64_t need = Gan::bytes(config), have = free_memory_bytes();
  if (need > have)
    throw Error("batch_size=" + std::to_string(config.batch_size) + " with these networks takes " +
                gib(need) + ", but this machine has " + gib(have) +
                " free: a smaller --batch-size, width or latent may fit");
}

}  // namespace dcgan
