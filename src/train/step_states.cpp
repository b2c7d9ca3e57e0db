#include "train/step_states.h"

#include <cstring>

#include "dcgan/error.h"

namespace dcgan {

// Adam's factors are read 16 bytes at a time: all that is before them fills whole 16 bytes.
static_assert(sizeof(AdamFactors) == 2 * sizeof(std::uint64_t));

std::int64_t StepStates::words_of(std::int64_t updates) {
  return words_before_updates + 2 * updates;
}

StepStates::Memory StepStates::allocate_memory(
    std::int64_t updates, const std::function<Buffer(std::size_t bytes)>& allocate) {
  const std::int64_t words = words_before_state + (1 + most_steps) * words_of(updates);
  return {.states = allocate(static_cast<std::size_t>(words) * sizeof(std::uint64_t)),
          .measures = allocate(sizeof(StepMeasures)),
          .measured = allocate(most_steps * sizeof(StepMeasures))};
}

std::int64_t StepStates::bytes(std::int64_t updates) {
  std::int64_t sum = 0;
  allocate_memory(updates, [&](std::size_t bytes) {
    sum += static_cast<std::int64_t>(bytes);
    return Buffer();
  });
  return sum;
}

StepStates::StepStates(Backend& backend, std::int64_t updates)
    : backend_(backend),
      words_(words_of(updates)),
      memory_(
          allocate_memory(updates, [&](std::size_t bytes) { return backend.allocate(bytes); })) {
  for (std::unique_ptr<PendingDownload>& download : downloads_)
    download = backend.pending_download(most_steps * sizeof(StepMeasures));
}

void StepStates::send(std::span<const StepState> states) {
  if (states.empty() || std::ssize(states) > most_steps)
    throw Error("states of " + std::to_string(states.size()) + " steps at once");
  std::vector<std::uint64_t> words(words_before_state);  // the position is 0
  const auto append = [&](const void* from, std::size_t bytes) {
    const std::size_t at = words.size();
    words.resize(at + bytes / sizeof(std::uint64_t));
    std::memcpy(&words[at], from, bytes);
  };
  const auto append_state = [&](const StepState& s) {
    append(&s.step, sizeof s.step);
    append(&s.epoch, sizeof s.epoch);
    append(&s.first, sizeof s.first);
    append(s.average.data(), sizeof s.average);
    append(s.updates.data(), s.updates.size() * sizeof(AdamFactors));
  };
  append_state(states.front());  // the running one
  for (const StepState& s : states) append_state(s);
  backend_.upload(position(), words.data(), words.size() * sizeof(std::uint64_t));
}

void StepStates::end() {
  backend_.end_step({.steps = most_steps,
                     .measure_count = measure_count,
                     .measures = measures(),
                     .measured = memory_.measured.f32(),
                     .words = words_,
                     .states = state() + words_,
                     .state = state(),
                     .position = reinterpret_cast<std::int64_t*>(position())});
}

void StepStates::begin_download(std::int64_t steps) {
  if (pending_.size() == downloads_.size()) throw Error("measures of too many steps are not taken");
  downloads_[next_download_]->begin(memory_.measured.f32(),
                                    static_cast<std::size_t>(steps) * sizeof(StepMeasures));
  pending_.push_back({steps, next_download_});
  next_download_ = (next_download_ + 1) % downloads_.size();
}

std::vector<StepStates::StepMeasures> StepStates::finish_download() {
  const Pending oldest = pending_.front();
  pending_.pop_front();
  std::vector<StepMeasures> measured(static_cast<std::size_t>(oldest.steps));
  std::memcpy(measured.data(), downloads_[oldest.download]->finish(),
              measured.size() * sizeof(StepMeasures));
  return measured;
}

}  // namespace dcgan
