#include "train/sample_checkpoint.h"

#include <memory>

#include "backend/backend.h"
#include "train/checkpoint.h"
#include "train/gan.h"

namespace dcgan {

std::vector<float> sample_checkpoint(const std::string& path, const Config& where,
                                     std::int64_t count, std::uint64_t seed) {
  const SafetensorsFile file(path);
  const Config config = read_checkpoint_header(file).config;
  check_size(file, config);
  const std::unique_ptr<Backend> backend = make_backend(where.backend, where.threads);
  Gan gan(*backend, config);
  load_tensors(file, gan, Moments::reset);
  return gan.sample(count, seed);
}

}  // namespace dcgan
