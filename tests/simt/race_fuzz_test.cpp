// The race detector against the definition of a race, on random programs: two accesses of different
// threads to one byte, one of them a write, that no chain of meetings, fences and counters puts in
// order.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "simt/fuzz_kernels.h"
#include "simt/machine.h"

namespace dcgan::test {
namespace {

struct Event {
  int step, block, thread;
  Touch touch;
  int word;
  int first_byte, last_byte;
  unsigned ticket = no_ticket;  // a change's place among those of its word

  bool is_write() const {
    return touch == Touch::write || touch == Touch::write_byte || touch == Touch::change;
  }
};

/// Whether `a` precedes `b` of the same block: from a's thread the knowledge spreads at every
/// meeting to all who meet.
bool met_between(const Event& a, const Event& b, const Program& program) {
  if (a.step >= b.step || a.block != b.block) return false;
  std::array<bool, fuzz_threads> knows{};
  knows[static_cast<std::size_t>(a.thread)] = true;
  for (int s = a.step; s < b.step; ++s) {
    const Meeting meeting = program.meetings[static_cast<std::size_t>(s)];
    if (meeting == Meeting::none) continue;
    const int group = meeting == Meeting::half_warp ? 16
                      : meeting == Meeting::warp    ? 32
                                                    : fuzz_threads;
    for (auto first = knows.begin(); first != knows.end(); first += group)
      if (std::find(first, first + group, true) != first + group) std::fill_n(first, group, true);
  }
  return knows[static_cast<std::size_t>(b.thread)];
}

/// Whether one event happens before another: "causality order" of PTX's memory model.
class HappensBefore {
 public:
  HappensBefore(const std::vector<Event>& events, const Program& program)
      : events_(events), before_(events.size(), std::vector<bool>(events.size())) {
    for (std::size_t a = 0; a < events.size(); ++a)
      for (std::size_t b = 0; b < events.size(); ++b)
        before_[a][b] = met_between(events[a], events[b], program);
    while (close() | synchronise()) {
    }
  }
  bool operator()(std::size_t a, std::size_t b) const {
    if (before_[a][b]) return true;
    // A change precedes the later ones of its word, and what comes after those.
    for (std::size_t c = 0; c < events_.size(); ++c)
      if (later_change(a, c) && before_[c][b]) return true;
    return false;
  }

 private:
  bool later_change(std::size_t a, std::size_t b) const {
    return events_[a].touch == Touch::change && events_[b].touch == Touch::change &&
           events_[a].word == events_[b].word && events_[a].ticket < events_[b].ticket;
  }
  bool add(std::size_t a, std::size_t b) {
    if (before_[a][b]) return false;
    before_[a][b] = true;
    return true;
  }
  bool close() {
    bool any = false;
    for (std::size_t b = 0; b < events_.size(); ++b)
      for (std::size_t a = 0; a < events_.size(); ++a)
        for (std::size_t c = 0; c < events_.size(); ++c)
          if (before_[a][b] && before_[b][c]) any |= add(a, c);
    return any;
  }
  /// Fences around two changes of one counter.
  bool synchronise() {
    bool any = false;
    for (std::size_t a = 0; a < events_.size(); ++a)
      for (std::size_t b = 0; b < events_.size(); ++b) {
        if (!later_change(a, b)) continue;
        for (std::size_t f = 0; f < events_.size(); ++f)
          for (std::size_t g = 0; g < events_.size(); ++g)
            if (events_[f].touch == Touch::fence && events_[g].touch == Touch::fence &&
                before_[f][a] && before_[b][g])
              any |= add(f, g);
      }
    return any;
  }

  const std::vector<Event>& events_;
  std::vector<std::vector<bool>> before_;
};

/// Whether two accesses conflict: order between them matters.
bool conflict(const Event& a, const Event& b, bool blocks_share) {
  if (a.touch == Touch::fence || b.touch == Touch::fence || a.word != b.word) return false;
  if (a.block != b.block && !blocks_share) return false;
  if (a.block == b.block && a.thread == b.thread) return false;
  if (a.touch == Touch::change && b.touch == Touch::change) return false;
  if (!a.is_write() && !b.is_write()) return false;
  return a.last_byte >= b.first_byte && b.last_byte >= a.first_byte;
}

struct Conflicts {
  bool race = false, between_blocks = false;  // between_blocks: ordered or not
};

Conflicts conflicts(const std::vector<Event>& events, const Program& program, bool blocks_share) {
  const HappensBefore happens_before(events, program);
  Conflicts found;
  for (std::size_t a = 0; a < events.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      if (!conflict(events[a], events[b], blocks_share)) continue;
      found.between_blocks = found.between_blocks || events[a].block != events[b].block;
      found.race = found.race || (!happens_before(a, b) && !happens_before(b, a));
    }
  return found;
}

struct Drawn {
  Program program;
  std::vector<Event> events;

  explicit Drawn(int blocks, int steps) {
    program.blocks = blocks;
    program.steps.resize(static_cast<std::size_t>(steps * blocks * fuzz_threads));
  }
  std::size_t index(int step, int block, int thread) const {
    return static_cast<std::size_t>((step * program.blocks + block) * fuzz_threads + thread);
  }
  /// Unless the thread does something else in that step.
  void add(int step, int block, int thread, Touch touch, int word, int byte = 0) {
    Step& at = program.steps[index(step, block, thread)];
    if (at.touch != Touch::nothing) return;
    at = {touch, static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(word)};
    const bool part = touch == Touch::read_byte || touch == Touch::write_byte;
    events.push_back({step, block, thread, touch, word, part ? byte : 0, part ? byte : 3});
  }
};

Drawn draw(std::mt19937& random, int most_meeting) {
  constexpr int steps = 8;
  Drawn drawn(2, steps);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int s = 0; s < steps; ++s)
    drawn.program.meetings.push_back(Meeting(below(most_meeting + 1)));
  // Few threads and mostly one block, so that accesses often conflict.
  const int wide = below(3) == 0 ? fuzz_threads : below(2) == 0 ? 4 : 32;
  for (int n = 2 + below(8); n > 0; --n) {
    const int s = below(steps), b = below(5) == 0,
              t = below(4) == 0 ? below(fuzz_threads) : below(wide);
    const auto touch = Touch(below(3) ? 1 + 2 * below(2) : 2 + 2 * below(2));  // more reads
    drawn.add(s, b, t, touch, 0, below(4));
  }
  return drawn;
}

/// Blocks that hand a word on from one to the next, by counters; here and there something is
/// missing, or somebody else's. `first`: the block that will often be the first to have it.
Drawn draw_with_counters(std::mt19937& random, int first) {
  constexpr int steps = 20, blocks = 3, never = 1000;
  Drawn drawn(blocks, steps);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const int widest = below(3) ? 3 : 2;  // 2: no barrier at all
  for (int s = 0; s < steps; ++s)
    drawn.program.meetings.push_back(Meeting(below(2) ? widest : below(widest + 1)));
  // One counter; or either of two; or one to pass on to the second block, another to the third.
  const int counters = 1 + below(3);
  const int missing_one_in = below(2) ? never : 8, other_thread_one_in = below(2) ? never : 4;
  if (below(4) == 0) first = below(blocks);
  int reads = 0;
  for (int b = 0; b < blocks; ++b) {
    // Touch::nothing: the word is read or written.
    std::vector<Touch> plan{Touch::nothing, Touch::fence, Touch::change, Touch::fence,
                            Touch::nothing, Touch::fence, Touch::change};
    if (b != first || below(4) == 0) plan.erase(plan.begin(), plan.begin() + 2);
    if (below(3) == 0) plan.resize(plan.size() - 2);
    int s = below(3), changes = 0;
    for (Touch touch : plan) {
      const int t = below(other_thread_one_in) ? 0 : std::vector{1, 17, 40}[random() % 3];
      const bool missing = below(missing_one_in) == 0;
      if (touch == Touch::nothing) {
        // Two reads of a word are what the shadow remembers.
        touch = below(2) && reads < 2 ? Touch::read : Touch::write;
        reads += touch == Touch::read;
      }
      int word = 0;
      if (touch == Touch::change) {
        word = 1 + (counters == 3 ? std::abs(b - first) + changes >= 2 : below(counters));
        ++changes;
      }
      if (!missing) drawn.add(s, b, t, touch, word);
      s += 1 + below(2);
      if (touch != Touch::change || counters == 1 || below(3) > 0) continue;
      drawn.add(s++, b, t, touch, 1 + below(2));  // and another counter
    }
  }
  if (below(4) == 0) drawn.add(below(steps), below(blocks), below(2), Touch::read, 1);
  return drawn;
}

simt::Settings settings_of(int i) {
  simt::Settings settings = simt::settings();
  settings.order = simt::Order(i % 3);
  settings.seed = static_cast<std::uint64_t>(i);
  settings.workers = 1 + i / 3 % 2;
  return settings;
}

void compare(bool shared, int most_meeting) {
  std::mt19937 random(1);
  const simt::Settings before = simt::settings();
  int races = 0;
  constexpr int programs = 1500;
  for (int i = 0; i < programs; ++i) {
    const Drawn drawn = draw(random, most_meeting);
    const bool expected = conflicts(drawn.events, drawn.program, !shared).race;
    simt::set_settings(settings_of(i));
    const std::string said =
        (shared ? run_on_shared(drawn.program) : run_on_global(drawn.program)).said;
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

/// Which block is the first at a counter only the run shows. A report ends it; what was not run
/// then comes later than all that was.
TEST(RaceFuzz, FindsExactlyTheRacesThatCountersLeave) {
  std::mt19937 random(1);
  const simt::Settings before = simt::settings();
  int races = 0, ordered = 0;
  constexpr int programs = 1500;
  for (int i = 0; i < programs; ++i) {
    simt::set_settings(settings_of(i));
    Drawn drawn = draw_with_counters(random, i % 3 == 1 ? 2 : 0);
    const Outcome outcome = run_on_global(drawn.program);
    unsigned counted[fuzz_words] = {};
    for (Event& e : drawn.events) {
      e.ticket = outcome.tickets[drawn.index(e.step, e.block, e.thread)];
      counted[e.word] += e.touch == Touch::change;
    }
    const Conflicts expected = conflicts(drawn.events, drawn.program, true);
    EXPECT_EQ(outcome.said.find("race: ") != std::string::npos, expected.race)
        << "program " << i << ": " << outcome.said;
    races += expected.race;
    ordered += expected.between_blocks && !expected.race;
    if (expected.race) continue;
    // It leaves its counters as they are.
    const unsigned now = counted[1] > 0 ? counted[1] : counted[2];
    const std::string not_reset =
        "was 0 before the launch and is " + std::to_string(now) + " after it";
    EXPECT_EQ(outcome.said.find(not_reset) != std::string::npos, now > 0)
        << "program " << i << ": " << outcome.said;
  }
  simt::set_settings(before);
  EXPECT_GT(races, programs / 10);
  EXPECT_GT(ordered, programs / 10);
}

}  // namespace
}  // namespace dcgan::test
