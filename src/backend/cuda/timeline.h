// The backend's timeline: events on its compute stream.
#pragma once
#include <vector>

#include "backend/backend.h"
#include "backend/cuda/device_memory.h"

namespace dcgan::DCGAN_TARGET {

class EventTimeline final : public Timeline {
 public:
  explicit EventTimeline(const Streams& streams) : streams_(streams) {}
  ~EventTimeline() override;
  EventTimeline(const EventTimeline&) = delete;
  EventTimeline& operator=(const EventTimeline&) = delete;

  std::size_t mark() override;
  double seconds(std::size_t from, std::size_t to) override;
  void clear() override { marks_ = 0; }

 private:
  const Streams& streams_;
  std::vector<cudaEvent_t> events_;  // as many as there have been marks at once
  std::size_t marks_ = 0;
};

}  // namespace dcgan::DCGAN_TARGET
