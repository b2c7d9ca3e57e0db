// What the machine remembers of some memory: which bytes have been written, and a cell for each
// word or, where it has been accessed in part, for each of its bytes.
#pragma once
#include <bit>
#include <cstring>
#include <optional>

#include "simt/check/access.h"
#include "simt/memory/zeroed_pages.h"

namespace simt::check {

/// What is wrong with an access. Bytes count from the beginning of the shadowed memory.
struct Finding {
  std::optional<std::size_t> unwritten;  // the first byte that it reads and nothing has written
  struct Race {
    Access other;
    Kind other_kind;
    std::size_t byte;
  };
  std::optional<Race> race;  // the first
  bool nothing() const { return !unwritten && !race; }
};

template <class Cell>
class ShadowMemory {
 public:
  explicit ShadowMemory(std::size_t bytes)
      : states_(bytes / 4 + 1), words_(bytes / 4 + 1), bytes_(bytes + 4) {}

  /// n bytes at a multiple of n, n a power of two up to 16: calls step(cell, its first byte) for
  /// each cell. The first byte that is read and has not been written.
  template <class Step>
  std::optional<std::size_t> access(std::size_t at, unsigned n, bool write, const Step& step) {
    std::optional<std::size_t> unwritten;
    for (std::size_t word = at / 4; word * 4 < at + n; ++word) {
      std::uint8_t& state = states_[word];
      const unsigned touched = n < 4 ? ((1U << n) - 1) << at % 4 : all_written;
      if (write)
        state = static_cast<std::uint8_t>(state | touched);
      else if (const unsigned missing = touched & ~state; missing != 0 && !unwritten)
        unwritten = word * 4 + static_cast<std::size_t>(std::countr_zero(missing));
      if (n < 4 && !(state & split)) {
        state |= split;
        for (std::size_t b = word * 4; b < word * 4 + 4; ++b) bytes_[b] = words_[word];
      }
      if (!(state & split)) {
        step(words_[word], word * 4);
        continue;
      }
      for (std::size_t b = word * 4; b < word * 4 + 4; ++b)
        if (touched >> b % 4 & 1) step(bytes_[b], b);
    }
    return unwritten;
  }

  /// This range, and what else is in its words, is unwritten again.
  void forget(std::size_t begin, std::size_t bytes) {
    std::memset(&states_[begin / 4], 0, (begin + bytes + 3) / 4 - begin / 4);
  }
  bool written(std::size_t at) const { return states_[at / 4] >> at % 4 & 1; }
  void set_written(std::size_t at, bool written) {
    const auto bit = 1U << at % 4;
    std::uint8_t& state = states_[at / 4];
    state = static_cast<std::uint8_t>(written ? state | bit : state & ~bit);
  }

  /// The word at `at` is a counter from now on, and written.
  void make_counter(std::size_t at) {
    std::uint8_t& state = states_[at / 4];
    state = static_cast<std::uint8_t>(state | all_written | counter);
  }
  /// Whether a counter is among these words.
  bool has_counter(std::size_t at, unsigned n) const {
    for (std::size_t word = at / 4; word * 4 < at + n; ++word)
      if (states_[word] & counter) return true;
    return false;
  }

 private:
  static constexpr std::uint8_t all_written = 15, split = 16, counter = 32;
  // Per word: which bytes are written; split into bytes; a counter.
  ZeroedPages<std::uint8_t> states_;
  ZeroedPages<Cell> words_, bytes_;
};

}  // namespace simt::check
