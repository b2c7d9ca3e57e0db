#include "simt/queue.h"

#include <algorithm>

namespace simt {
namespace {

bool runnable(const Stream& stream) {
  return !stream.queue.empty() && (!stream.queue.front().wait || stream.queue.front().wait->done);
}

}  // namespace

Stream* Queue::create_stream() { return *streams_.insert(new Stream).first; }

void Queue::destroy(Stream* stream) {
  finish(stream);
  streams_.erase(stream);
  delete stream;
}

void Queue::push(Stream* stream, std::function<void()> run, HostRange host) {
  if (stream->capture) {
    Graph& graph = stream->capture->graph;
    graph.nodes.push_back({std::move(run), stream->capture_last});
    stream->capture_last = {graph.nodes.size() - 1};
    return;
  }
  stream->queue.push_back({std::move(run), nullptr, host, ++sequence_});
  run_early();
}

void Queue::record(Event* event, Stream* stream) {
  event->marker = std::make_shared<Marker>();
  event->capture = stream->capture;
  event->captured = stream->capture_last;
  if (stream->capture) return;
  push(stream, [marker = event->marker] {
    marker->done = true;
    marker->when = std::chrono::steady_clock::now();
  });
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
  stream->queue.push_back({[] {}, event->marker, {}, ++sequence_});
  run_early();
}

/// One operation that may run now: of the order's choice; false: none may.
bool Queue::run_one(const Stream* preferred) {
  std::vector<Stream*> candidates;
  if (runnable(default_stream_)) candidates.push_back(&default_stream_);
  for (Stream* stream : streams_)
    if (runnable(*stream)) candidates.push_back(stream);
  if (candidates.empty()) return false;
  // By the host's calls and not by address, so that runs repeat.
  std::sort(candidates.begin(), candidates.end(), [](const Stream* a, const Stream* b) {
    return a->queue.front().sequence < b->queue.front().sequence;
  });
  Stream* chosen = candidates.front();
  switch (settings().order) {
    case Order::forward:
      break;
    case Order::reverse:  // as lazily as possible
      chosen = candidates.back();
      for (Stream* stream : candidates)
        if (stream == preferred) chosen = stream;
      break;
    case Order::random:
      chosen = candidates[random_() % candidates.size()];
      break;
  }
  const Operation operation = std::move(chosen->queue.front());
  chosen->queue.pop_front();
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
}
void Queue::finish(const Marker& marker) {
  run_until([&] { return marker.done; }, nullptr);
}
void Queue::finish_all() {
  run_until([] { return false; }, nullptr);
}

void Queue::clear() {
  default_stream_.queue.clear();
  for (Stream* stream : streams_) stream->queue.clear();
}

bool Queue::touches(HostRange range) const {
  const auto overlaps = [&](const Operation& o) {
    return o.host.begin < range.begin + range.bytes && range.begin < o.host.begin + o.host.bytes;
  };
  const auto any = [&](const Stream& s) {
    return std::any_of(s.queue.begin(), s.queue.end(), overlaps);
  };
  return any(default_stream_) ||
         std::any_of(streams_.begin(), streams_.end(), [&](const Stream* s) { return any(*s); });
}

void Queue::begin_capture(Stream* stream) {
  stream->capture = std::make_shared<Capture>();
  stream->capture->origin = stream;
  stream->capture->streams = {stream};
  stream->capture_last.clear();
  ++captures_;
}

Graph* Queue::end_capture(Stream* stream, cudaError_t* status) {
  const std::shared_ptr<Capture> capture = stream->capture;
  // Everything recorded must lie before the origin's last operation.
  std::set<std::size_t> reached;
  std::vector<std::size_t> open = stream->capture_last;
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    if (!reached.insert(node).second) continue;
    const auto& after = capture->graph.nodes[node].after;
    open.insert(open.end(), after.begin(), after.end());
  }
  *status = capture->invalid                               ? cudaErrorStreamCaptureInvalidated
            : reached.size() < capture->graph.nodes.size() ? cudaErrorStreamCaptureUnjoined
                                                           : cudaSuccess;
  for (Stream* joined : capture->streams) {
    joined->capture = nullptr;
    joined->capture_last.clear();
  }
  --captures_;
  return *status == cudaSuccess ? new Graph{std::move(capture->graph)} : nullptr;
}

void Queue::invalidate_captures() {
  for (Stream* stream : streams_)
    if (stream->capture) stream->capture->invalid = true;
}

void Queue::launch(const GraphExec* exec, Stream* stream) {
  push(stream, [this, exec] {
    const std::vector<Graph::Node>& nodes = exec->graph.nodes;
    std::vector<bool> done(nodes.size(), false);
    for (std::size_t left = nodes.size(); left > 0; --left) {
      std::vector<std::size_t> ready;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        const auto& after = nodes[n].after;
        if (!done[n] && std::all_of(after.begin(), after.end(), [&](auto a) { return done[a]; }))
          ready.push_back(n);
      }
      std::size_t chosen = ready.front();
      if (settings().order == Order::reverse) chosen = ready.back();
      if (settings().order == Order::random) chosen = ready[random_() % ready.size()];
      nodes[chosen].run();
      done[chosen] = true;
    }
  });
}

}  // namespace simt
