// Ways in which a file gets damaged, for tests that no reader may crash on any of them.
#pragma once
#include <random>
#include <string>

namespace dcgan::test {

/// Seeded damage: some bytes replaced, or the end cut off, or bytes repeated.
class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  /// A damaged copy of `whole`; never equal to it.
  std::string operator()(const std::string& whole) {
    std::string text = whole;
    while (text == whole) damage(text);
    return text;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void damage(std::string& text) {
    switch (below(4)) {
      case 0:
        text.resize(below(text.size()));
        break;
      case 1: {
        const std::size_t at = below(text.size());
        text.insert(at, text.substr(at, 1 + below(16)));
        break;
      }
      default:
        for (std::size_t n = 1 + below(3); n > 0; --n)
          text[below(text.size())] = static_cast<char>(random_());
    }
    if (text.empty()) text = "x";
  }

  std::mt19937 random_;
};

}  // namespace dcgan::test
