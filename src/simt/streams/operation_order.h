// What comes before what among queued operations. A stream's operations are numbered; a clock says
// of every stream up to which number its operations come before (a vector clock).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace simt {

using StreamClock = std::vector<std::uint64_t>;  // by the streams' slots

inline void join(StreamClock& into, const StreamClock& other) {
  if (into.size() < other.size()) into.resize(other.size());
  for (std::size_t i = 0; i < other.size(); ++i) into[i] = std::max(into[i], other[i]);
}

/// One operation's place in that order.
struct OperationOrder {
  std::size_t stream = 0;        // its slot
  std::uint64_t number = 0;      // of its stream's operations, from 1
  StreamClock before;            // all that precedes it
  std::uint64_t sequence = 0;    // of all operations, in the order of the host's calls
  std::uint64_t settled_to = 0;  // the host had waited for all up to this one when it was queued
  std::size_t node = 0;          // of the graph that the operation launches
  const std::vector<bool>* nodes_before = nullptr;  // null: no node

  /// Whether `other` is done before this begins, in every run that streams and events allow.
  bool follows(const OperationOrder& other) const {
    if (stream == other.stream && number == other.number)
      return nodes_before && other.node < nodes_before->size() && (*nodes_before)[other.node];
    return other.stream < before.size() && other.number <= before[other.stream];
  }
};

}  // namespace simt
