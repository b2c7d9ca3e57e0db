#include "simt/streams/queue.h"

#include <algorithm>

namespace simt {
namespace {

bool runnable(const Stream& stream) {
  return !stream.queue.empty() && (!stream.queue.front().wait || stream.queue.front().wait->done);
}

}  // namespace

Stream* Queue::create_stream(bool blocking, int device) {
  auto* stream = new Stream;
  stream->device = device;
  stream->blocking = blocking;
  if (free_slots_.empty()) {
    stream->slot = slots_++;
  } else {
    stream->slot = free_slots_.back();
    free_slots_.pop_back();
  }
  return *streams_.insert(stream).first;
}

Stream* Queue::default_stream(int device) {
  Stream*& stream = default_streams_[device];
  if (!stream) stream = create_stream(false, device);
  return stream;
}

void Queue::destroy(Stream* stream) {
  finish(stream);
  host_knows(stream->clock);
  free_slots_.push_back(stream->slot);
  streams_.erase(stream);
  delete stream;
}

void Queue::push(Stream* stream, std::function<void()> run, HostRange host) {
  if (stream->capture) {
    std::vector<Graph::Node>& nodes = stream->capture->graph.nodes;
    std::vector<bool> before(nodes.size() + 1);
    for (const std::size_t last : stream->capture_last) {
      before[last] = true;
      for (std::size_t n = 0; n < last; ++n)
        if (nodes[last].before[n]) before[n] = true;
    }
    nodes.push_back({std::move(run), stream->capture_last, std::move(before)});
    stream->capture_last = {nodes.size() - 1};
    return;
  }
  order_with_default(stream);
  enqueue(stream, std::move(run), host);
}

void Queue::enqueue(Stream* stream, std::function<void()> run, HostRange host) {
  stream->queue.push_back({std::move(run), nullptr, host, next_order(stream)});
  if (host.bytes > 0) {
    const OperationOrder& order = stream->queue.back().order;
    host_ranges_.push_back({host, order.stream, order.number});
  }
  run_early();
}

/// The order of an operation that joins the stream now.
OperationOrder Queue::next_order(Stream* stream) {
  join(stream->clock, host_clock_);
  if (stream->clock.size() <= stream->slot) stream->clock.resize(stream->slot + 1);
  OperationOrder order;
  order.stream = stream->slot;
  order.before = stream->clock;
  order.number = ++stream->clock[stream->slot];
  order.sequence = ++sequence_;
  order.settled_to = settled_to_;
  return order;
}

void Queue::record(Event* event, Stream* stream) {
  event->marker = std::make_shared<Marker>();
  event->capture = stream->capture;
  event->captured = stream->capture_last;
  if (stream->capture) return;
  order_with_default(stream);
  mark(stream, event->marker);
}

/// Done once all work that is now in the stream is.
void Queue::mark(Stream* stream, const std::shared_ptr<Marker>& marker) {
  marker->clock = stream->clock;
  join(marker->clock, host_clock_);
  const auto done = [marker] {
    marker->done = true;
    marker->when_ms = event_clock_ms();
  };
  enqueue(stream, done, {});
}

void Queue::wait(Stream* stream, const Event* event) {
  if (event->capture) {
    if (!stream->capture) {  // the stream joins the capture
      stream->capture = event->capture;
      stream->capture_last.clear();
      stream->capture->streams.insert(stream);
    }
    stream->capture_last.insert(stream->capture_last.end(), event->captured.begin(),
                                event->captured.end());
    return;
  }
  if (!event->marker || stream->capture) return;  // nothing recorded: nothing to wait for
  order_with_default(stream);
  wait(stream, event->marker);
  run_early();
}

void Queue::wait(Stream* stream, const std::shared_ptr<Marker>& marker) {
  join(stream->clock, marker->clock);
  stream->queue.push_back({[] {}, marker, {}, next_order(stream)});
}

/// What joins the stream next comes after all that the default stream orders before it.
void Queue::order_with_default(Stream* stream) {
  std::vector<Stream*> earlier;
  Stream* const of_device = default_stream(stream->device);
  if (stream->blocking) earlier.push_back(of_device);
  if (stream == of_device)
    std::copy_if(streams_.begin(), streams_.end(), std::back_inserter(earlier),
                 [stream](const Stream* s) {
                   return s->blocking && !s->capture && s->device == stream->device;
                 });
  // By the host's calls and not by address, so that runs repeat.
  std::sort(earlier.begin(), earlier.end(),
            [](const Stream* a, const Stream* b) { return a->slot < b->slot; });
  for (Stream* other : earlier) {
    if (!other->queue.empty()) {
      const auto marker = std::make_shared<Marker>();
      mark(other, marker);
      wait(stream, marker);
    }
    join(stream->clock, other->clock);
  }
}

/// Runs one operation that may run now, by the order's choice; false: there is none.
bool Queue::run_one(const Stream* preferred) {
  std::vector<Stream*> candidates;
  for (Stream* stream : streams_)
    if (runnable(*stream)) candidates.push_back(stream);
  if (candidates.empty()) return false;
  // By the host's calls and not by address, so that runs repeat.
  std::sort(candidates.begin(), candidates.end(), [](const Stream* a, const Stream* b) {
    return a->queue.front().order.sequence < b->queue.front().order.sequence;
  });
  Stream* chosen = candidates.front();
  if (settings().order == Order::random) chosen = candidates[random_() % candidates.size()];
  if (settings().order == Order::reverse) {  // as lazily as possible
    const auto found = std::find(candidates.begin(), candidates.end(), preferred);
    chosen = found == candidates.end() ? candidates.back() : *found;
  }
  const QueuedOperation operation = std::move(chosen->queue.front());
  chosen->queue.pop_front();
  running_ = operation.order;
  running_device_ = chosen->device;
  operation.run();
  return true;
}

template <class Done>
void Queue::run_until(const Done& done, const Stream* preferred) {
  while (!done())
    if (!run_one(preferred)) break;  // an event that is never recorded cannot be waited for
}

void Queue::run_early() {
  if (settings().order != Order::random) return;
  while (random_() % 3 == 0)
    if (!run_one(nullptr)) return;
}

void Queue::finish(Stream* stream) {
  run_until([&] { return stream->queue.empty(); }, stream);
  if (stream->queue.empty()) host_knows(stream->clock);
  host_waited();
}
void Queue::finish(const Marker& marker) {
  run_until([&] { return marker.done; }, nullptr);
  if (marker.done) host_knows(marker.clock);
  host_waited();
}
void Queue::finish_device(int device) {
  const auto idle = [&](const Stream* s) { return s->device != device || s->queue.empty(); };
  run_until([&] { return std::all_of(streams_.begin(), streams_.end(), idle); }, nullptr);
  for (const Stream* stream : streams_)
    if (stream->device == device && stream->queue.empty()) host_knows(stream->clock);
  host_waited();
}
void Queue::finish_all() {
  for (const Stream* stream : streams_) finish_device(stream->device);
}

/// Once the host has waited for everything, later work cannot be concurrent with earlier work.
void Queue::host_waited() {
  const auto known = [this](const Stream* stream) {
    for (std::size_t i = 0; i < stream->clock.size(); ++i)
      if (i >= host_clock_.size() || stream->clock[i] > host_clock_[i]) return false;
    return stream->queue.empty();
  };
  if (std::all_of(streams_.begin(), streams_.end(), known)) settled_to_ = sequence_;
  std::erase_if(host_ranges_, [this](const OperationsRange& o) {
    return o.stream < host_clock_.size() && o.number <= host_clock_[o.stream];
  });
}

bool Queue::host_may_meet(HostRange range) const {
  return std::any_of(host_ranges_.begin(), host_ranges_.end(), [&](const OperationsRange& o) {
    return o.host.conflicts(range) &&
           (o.stream >= host_clock_.size() || o.number > host_clock_[o.stream]);
  });
}

void Queue::clear() {
  host_ranges_.clear();
  for (Stream* stream : streams_) stream->queue.clear();
}

bool Queue::touches(HostRange range) const {
  const auto conflicts = [&](const QueuedOperation& o) { return o.host.conflicts(range); };
  return std::any_of(streams_.begin(), streams_.end(), [&](const Stream* s) {
    return std::any_of(s->queue.begin(), s->queue.end(), conflicts);
  });
}

}  // namespace simt
