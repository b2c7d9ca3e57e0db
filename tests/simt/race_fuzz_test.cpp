// The race detector against the definition of a race, on random programs: two accesses of different
// threads to one byte, one of them a write, that no chain of meetings puts in order.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "simt/fuzz_kernels.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

struct Event {
  int step, block, thread;
  int first_byte, last_byte;
  bool write;
};

/// Whether `a` precedes `b`: from a's thread the knowledge spreads at every meeting to all who
/// meet.
bool happens_before(const Event& a, const Event& b, const Program& program) {
  if (a.step >= b.step || a.block != b.block) return false;
  std::set<int> knowing{a.thread};
  for (int s = a.step; s < b.step; ++s) {
    const Meeting meeting = program.meetings[static_cast<std::size_t>(s)];
    if (meeting == Meeting::none) continue;
    const int group = meeting == Meeting::half_warp ? 16
                      : meeting == Meeting::warp    ? 32
                                                    : fuzz_threads;
    const std::set<int> before = knowing;
    for (const int who : before)
      for (int t = who / group * group; t < who / group * group + group; ++t) knowing.insert(t);
  }
  return knowing.contains(b.thread);
}

bool race(const Event& a, const Event& b, const Program& program, bool blocks_share) {
  if (a.block != b.block && !blocks_share) return false;
  if (a.block == b.block && a.thread == b.thread) return false;
  if (!a.write && !b.write) return false;
  if (a.last_byte < b.first_byte || b.last_byte < a.first_byte) return false;
  return !happens_before(a, b, program) && !happens_before(b, a, program);
}

struct Drawn {
  Program program;
  std::vector<Event> events;
};

Drawn draw(std::mt19937& random, int most_meeting) {
  constexpr int steps = 8;
  Drawn drawn;
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int s = 0; s < steps; ++s)
    drawn.program.meetings.push_back(Meeting(below(most_meeting + 1)));
  drawn.program.steps.resize(steps * fuzz_blocks * fuzz_threads);
  // Few threads and mostly one block, so that accesses often conflict.
  const int wide = below(3) == 0 ? fuzz_threads : below(2) == 0 ? 4 : 32;
  for (int n = 2 + below(8); n > 0; --n) {
    const int s = below(steps), b = below(5) == 0,
              t = below(4) == 0 ? below(fuzz_threads) : below(wide);
    Step& step =
        drawn.program.steps[static_cast<std::size_t>((s * fuzz_blocks + b) * fuzz_threads + t)];
    if (step.touch != Touch::nothing) continue;
    step.touch = Touch(below(3) ? 1 + 2 * below(2) : 2 + 2 * below(2));  // more reads than writes
    step.byte = static_cast<std::uint8_t>(below(4));
    const bool whole = step.touch == Touch::read || step.touch == Touch::write;
    drawn.events.push_back({s, b, t, whole ? 0 : step.byte, whole ? 3 : step.byte,
                            step.touch == Touch::write || step.touch == Touch::write_byte});
  }
  return drawn;
}

void compare(bool shared, int most_meeting) {
  std::mt19937 random(1);
  const simt::Settings before = simt::settings();
  simt::Settings settings = before;
  int races = 0;
  constexpr int programs = 1500;
  for (int i = 0; i < programs; ++i) {
    const Drawn drawn = draw(random, most_meeting);
    bool expected = false;
    for (const Event& a : drawn.events)
      for (const Event& b : drawn.events) expected = expected || race(a, b, drawn.program, !shared);
    settings.order = simt::Order(i % 3);
    settings.seed = static_cast<std::uint64_t>(i);
    settings.workers = 1 + i / 3 % 2;
    simt::set_settings(settings);
    const std::string said = shared ? run_on_shared(drawn.program) : run_on_global(drawn.program);
    races += expected;
    EXPECT_EQ(said.find("race: ") != std::string::npos, expected)
        << "program " << i << ": " << said;
    if (!expected) {
      EXPECT_EQ(said, "") << "program " << i;
    }
  }
  simt::set_settings(before);
  // There were programs of both kinds.
  EXPECT_GT(races, programs / 10);
  EXPECT_LT(races, programs * 9 / 10);
}

TEST(RaceFuzz, FindsExactlyTheRacesInSharedMemory) { compare(true, 3); }
TEST(RaceFuzz, FindsExactlyTheRacesInGlobalMemory) { compare(false, 3); }

}  // namespace
}  // namespace dcgan::test
