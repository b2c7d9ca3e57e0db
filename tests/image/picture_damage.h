// Damage that knows the format: a JPEG's segments and a PNG's chunks are dropped, repeated, moved,
// renamed, mixed with another file's, and changed where numbers of tables and sizes stand. A PNG's
// checksums are corrected, or the decoder would read nothing after them.
#pragma once
#include <random>
#include <string>
#include <vector>

namespace dcgan::test {

class PictureDamage {
 public:
  explicit PictureDamage(unsigned seed) : random_(seed) {}

  /// A damaged copy of `whole`, a PNG or a JPEG, with parts of `other` if that is of its kind.
  std::string operator()(const std::string& whole, const std::string& other);

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  void damage(std::vector<std::string>& parts, const std::vector<std::string>& others,
              const std::vector<std::string>& names);

  std::mt19937 random_;
};

}  // namespace dcgan::test
