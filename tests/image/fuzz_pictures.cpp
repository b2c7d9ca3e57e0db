// A libFuzzer program over the picture reader. It needs no corpus: it begins with a file of every
// kind, and damages by segments and chunks as well as by bytes. Built with -DDCGAN_FUZZ=ON
// -DDCGAN_SANITIZE=address,undefined -DCMAKE_CXX_COMPILER=clang++; fuzz_pictures
// -max_total_time=900
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dcgan/error.h"
#include "image/image.h"
#include "picture_damage.h"
#include "picture_files.h"

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most_bytes);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most_bytes,
                                    unsigned seed);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most_bytes,
                                    unsigned seed) {
  static const std::vector<std::string> kinds = dcgan::test::every_kind_of_picture();
  std::string file(reinterpret_cast<const char*>(data), size);
  const bool picture = file.starts_with("\xFF\xD8") || file.starts_with("\x89PNG");
  if (!picture || seed % 64 == 0) file = kinds[seed / 64 % kinds.size()];
  if (seed % 2 == 0) {
    const std::string& other = kinds[seed / 8 % kinds.size()];
    file = dcgan::test::PictureDamage(seed)(file, other);
  }
  size = std::min(file.size(), most_bytes);
  std::copy_n(file.begin(), size, data);
  return seed % 2 == 0 ? size : LLVMFuzzerMutate(data, size, most_bytes);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const dcgan::Image image = dcgan::decode_image({data, size});
    if (image.pixels.size() != std::size_t(image.width) * image.height * image.channels)
      std::abort();
  } catch (const dcgan::Error&) {
  }
  return 0;
}

}  // extern "C"
