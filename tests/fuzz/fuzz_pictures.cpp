// PNG and JPEG. Damaged by segments and chunks as well as by bytes; their sums are corrected.
#include "fuzz/fuzzer.h"
#include "image/image.h"
#include "image/picture_damage.h"
#include "image/picture_files.h"

namespace dcgan::fuzz {
namespace {

void read(const std::string& input) {
  const Image image =
      decode_image({reinterpret_cast<const std::uint8_t*>(input.data()), input.size()});
  require(image.pixels.size() == std::size_t(image.width) * image.height * image.channels,
          "as many pixels as the picture has");
}

std::string damage(const std::string& input, unsigned seed, const Damage& bytes) {
  static const std::vector<std::string> kinds = test::every_kind_of_picture();
  const bool picture = input.starts_with("\xFF\xD8") || input.starts_with("\x89PNG");
  const std::string& file = picture && seed % 64 != 0 ? input : kinds[seed / 64 % kinds.size()];
  if (seed % 2 != 0) return bytes(file);
  return test::PictureDamage(seed)(file, kinds[seed / 8 % kinds.size()]);
}

}  // namespace

const Fuzzer fuzz_pictures = {"pictures", read, test::every_kind_of_picture, nullptr, damage};

}  // namespace dcgan::fuzz
