// What changes from step to step, in device memory: the ops of all steps are then the same, and a
// device goes from step to step by itself. The host sends the states of some steps at a time, and
// takes what was measured of them later.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "backend/backend.h"

namespace dcgan {

/// What the ops of one step are told.
struct StepState {
  std::uint64_t step = 0;              ///< from 0
  std::uint64_t epoch = 0;             ///< from 0
  std::int64_t first = 0;              ///< of its images, in the epoch's order
  std::array<float, 2> average{};      ///< factors of the weights and of their average so far
  std::vector<AdamFactors> updates{};  ///< of Adam's steps within it
};

class StepStates {
 public:
  static constexpr std::int64_t most_steps = 64;
  static constexpr std::size_t measure_count = 3;
  using StepMeasures = std::array<float, measure_count>;

  /// updates: of a step, how many its state has.
  StepStates(Backend& backend, std::int64_t updates);
  /// Device memory that it needs.
  static std::int64_t bytes(std::int64_t updates);

  /// Sends the states of the steps that run next, up to most_steps; each is to call end().
  void send(std::span<const StepState> states);
  /// The end of a step: its measures are kept.
  void end();
  /// Has the measures of the first `steps` steps since send() copied, without waiting for them.
  void begin_download(std::int64_t steps);
  /// Waits for those of the oldest begin_download() that was not finished.
  std::vector<StepMeasures> finish_download();
  void forget_downloads() { pending_.clear(); }

  // In device memory, of the running step.
  const std::uint64_t* step() const { return state(); }
  const std::uint64_t* epoch() const { return state() + 1; }
  const std::int64_t* first() const { return reinterpret_cast<std::int64_t*>(state() + 2); }
  const float* average() const { return reinterpret_cast<float*>(state() + 3); }
  const AdamFactors* update(std::int64_t index) const {
    return reinterpret_cast<AdamFactors*>(state() + words_before_updates) + index;
  }
  /// Where a step leaves what it measures, [measure_count].
  float* measures() const { return memory_.measures.f32(); }

 private:
  struct Memory {
    Buffer states;  ///< the position, the running step's state, and those sent
    Buffer measures, measured;
  };
  static constexpr std::int64_t words_before_state = 2, words_before_updates = 4;

  static std::int64_t words_of(std::int64_t updates);
  static Memory allocate_memory(std::int64_t updates,
                                const std::function<Buffer(std::size_t bytes)>& allocate);

  std::uint64_t* position() const { return reinterpret_cast<std::uint64_t*>(memory_.states.u8()); }
  std::uint64_t* state() const { return position() + words_before_state; }

  Backend& backend_;
  std::int64_t words_;  ///< of a state
  Memory memory_;
  struct Pending {
    std::int64_t steps;
    std::size_t download;  ///< which of the two
  };
  std::array<std::unique_ptr<PendingDownload>, 2> downloads_;
  std::size_t next_download_ = 0;
  std::deque<Pending> pending_;
};

}  // namespace dcgan
