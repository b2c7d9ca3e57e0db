// Capture of streams into graphs, and their replay.
#include <algorithm>

#include "simt/streams/queue.h"

namespace simt {

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

bool Queue::capturing_blocking() const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream* s) { return s->capture && s->blocking; });
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
      running_.node = chosen;
      running_.nodes_before = &nodes[chosen].before;
      nodes[chosen].run();
      done[chosen] = true;
    }
  });
}

}  // namespace simt
