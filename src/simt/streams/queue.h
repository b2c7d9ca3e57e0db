// Streams, events and graphs: queues of work that runs when the host waits for it, or earlier, in
// any order that streams and events allow.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "simt/machine.h"
#include "simt/runtime/api.h"
#include "simt/streams/operation_order.h"

namespace simt {

/// A point in a stream: done once all work before it is.
struct Marker {
  bool done = false;
  double when_ms = 0;
  StreamClock clock;  // what is done then
};

struct HostRange {
  const char* begin = nullptr;
  std::size_t bytes = 0;
  bool written = false;  // or only read
  bool conflicts(const HostRange& other) const {
    return (written || other.written) && begin < other.begin + other.bytes &&
           other.begin < begin + bytes;
  }
};

/// One piece of queued work.
struct QueuedOperation {
  std::function<void()> run;     // may be run again, by a graph
  std::shared_ptr<Marker> wait;  // not before this is done; null: at once
  HostRange host;                // host memory that it will read or write
  OperationOrder order;
};

/// Work recorded instead of queued, with the operations that each must follow.
struct Graph {
  struct Node {
    std::function<void()> run;
    std::vector<std::size_t> after;
    std::vector<bool> before;  // all that must be done before, by number
  };
  std::vector<Node> nodes;
};

struct GraphExec {
  Graph graph;
};

/// A capture in progress, begun on `origin`; other streams join by waiting for one of its events.
struct Capture {
  Stream* origin = nullptr;
  Graph graph;
  std::set<Stream*> streams;
  bool invalid = false;
};

struct Stream {
  int device = 0;
  std::deque<QueuedOperation> queue;
  std::size_t slot = 0;   // in clocks
  bool blocking = false;  // in order with the default stream
  StreamClock clock;      // what is done once its last operation is, itself included
  std::shared_ptr<Capture> capture;
  std::vector<std::size_t> capture_last;  // nodes that the next one of this stream must follow
};

struct Event {
  int device = 0;
  std::shared_ptr<Marker> marker;     // of the last record; null: never recorded
  std::shared_ptr<Capture> capture;   // set where that record was captured
  std::vector<std::size_t> captured;  // nodes it stands for
  bool timing = true;
};

class Queue {
 public:
  /// `blocking`: it waits for what is before in the default stream, which waits for it; both are
  /// what CUDA's legacy default stream does.
  Stream* create_stream(bool blocking, int device);
  /// Runs what is still queued.
  void destroy(Stream* stream);
  bool knows(const Stream* stream) const { return streams_.contains(const_cast<Stream*>(stream)); }
  Stream* default_stream(int device);

  void push(Stream* stream, std::function<void()> run, HostRange host = {});
  void record(Event* event, Stream* stream);
  void wait(Stream* stream, const Event* event);

  /// Runs operations until the stream is empty, the marker done, or all of the device's streams
  /// empty.
  void finish(Stream* stream);
  void finish(const Marker& marker);
  void finish_device(int device);
  void finish_all();
  /// Drops everything queued.
  void clear();
  /// Whether queued work will write any of this host memory or, if `range.written`, read it.
  bool touches(HostRange range) const;
  /// Whether work that the host has not waited for touches the range; `range.written`: the host is
  /// about to write it.
  bool host_may_meet(HostRange range) const;
  /// The host has learnt that all work up to this clock is done.
  void host_knows(const StreamClock& done) { join(host_clock_, done); }
  /// The running operation's place among all.
  const OperationOrder& running() const { return running_; }
  /// On which device it runs.
  int running_device() const { return running_device_; }

  void begin_capture(Stream* stream);
  /// Null where the capture became invalid or a stream that joined did not come back; `status`
  /// says which.
  Graph* end_capture(Stream* stream, cudaError_t* status);
  bool capturing() const { return captures_ > 0; }
  /// Whether a blocking stream is captured: then the default stream, which would have to wait for
  /// it, may not be used.
  bool capturing_blocking() const;
  /// A call was made that no capture allows.
  void invalidate_captures();
  void launch(const GraphExec* exec, Stream* stream);

 private:
  bool run_one(const Stream* preferred);
  template <class Done>
  void run_until(const Done& done, const Stream* preferred);
  void run_early();
  void enqueue(Stream* stream, std::function<void()> run, HostRange host);
  void mark(Stream* stream, const std::shared_ptr<Marker>& marker);
  void wait(Stream* stream, const std::shared_ptr<Marker>& marker);
  void order_with_default(Stream* stream);
  OperationOrder next_order(Stream* stream);
  void host_waited();

  std::set<Stream*> streams_;
  std::map<int, Stream*> default_streams_;  // of these, by device
  std::uint64_t sequence_ = 0, settled_to_ = 0;
  StreamClock host_clock_;  // what the host knows to be done
  std::vector<std::size_t> free_slots_;
  struct OperationsRange {
    HostRange host;
    std::size_t stream;
    std::uint64_t number;
  };
  std::vector<OperationsRange> host_ranges_;  // of operations since the host last waited for all
  std::size_t slots_ = 0;
  OperationOrder running_;
  int running_device_ = 0;
  int captures_ = 0;
  std::mt19937_64 random_{1};
};

}  // namespace simt
