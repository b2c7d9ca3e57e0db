#include "simt/profile/warp_replay.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_map>

namespace simt::profile {
namespace {

using Emit = std::function<void(const Request&)>;
using LaneMask = std::uint32_t;

/// Whether all lanes took one path: then their logs agree, entry by entry.
bool together(std::span<const AccessLog> lanes) {
  const AccessLog* first = nullptr;
  for (const AccessLog& log : lanes) {
    if (log.empty()) continue;
    if (!first) first = &log;
    if (log.size() != first->size()) return false;
    for (std::size_t i = 0; i < log.size(); ++i)
      if (!log[i].same_instruction((*first)[i])) return false;
  }
  return true;
}

void replay_together(std::span<const AccessLog> lanes, const Emit& emit) {
  const auto first = std::find_if(lanes.begin(), lanes.end(), [](auto& l) { return !l.empty(); });
  if (first == lanes.end()) return;
  for (std::size_t i = 0; i < first->size(); ++i) {
    if (!(*first)[i].is_access()) continue;
    Request request;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      if (!lanes[lane].empty()) request.add(static_cast<int>(lane), lanes[lane][i]);
    emit(request);
  }
}

/// The blocks of code that a warp's lanes were seen to enter, and which came after which.
class FlowGraph {
 public:
  static constexpr int exit = 0, entry = 1;
  FlowGraph() : before_(2) {}

  int node(const LogEntry& e) {
    const std::uint64_t key = std::uint64_t{e.place} << 16 | e.depth;
    const auto [found, is_new] = nodes_.emplace(key, static_cast<int>(before_.size()));
    if (is_new) before_.emplace_back();
    return found->second;
  }
  void edge(int from, int to) {
    std::vector<int>& b = before_[static_cast<std::size_t>(to)];
    if (std::find(b.begin(), b.end(), from) == b.end()) b.push_back(from);
  }

  /// By node: its immediate post-dominator. Cooper, Harvey and Kennedy, "A Simple, Fast Dominance
  /// Algorithm" (2001), on the reversed graph.
  std::vector<int> post_dominators() const {
    const std::vector<int> order = post_order();
    std::vector<int> number(before_.size(), -1), dominator(before_.size(), -1);
    for (std::size_t i = 0; i < order.size(); ++i)
      number[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    std::vector<std::vector<int>> after(before_.size());
    for (std::size_t to = 0; to < before_.size(); ++to)
      for (const int from : before_[to])
        after[static_cast<std::size_t>(from)].push_back(static_cast<int>(to));
    const auto of = [&](int node) -> int& { return dominator[static_cast<std::size_t>(node)]; };
    const auto number_of = [&](int node) { return number[static_cast<std::size_t>(node)]; };
    of(exit) = exit;
    for (bool changed = true; changed;) {
      changed = false;
      for (auto node = order.rbegin(); node != order.rend(); ++node) {
        if (*node == exit) continue;
        int meet = -1;
        for (int next : after[static_cast<std::size_t>(*node)]) {
          if (of(next) < 0) continue;
          if (meet < 0) meet = next;
          while (meet != next) {
            while (number_of(meet) < number_of(next)) meet = of(meet);
            while (number_of(next) < number_of(meet)) next = of(next);
          }
        }
        if (of(*node) != meet) changed = true;
        of(*node) = meet;
      }
    }
    return dominator;
  }

 private:
  /// From the exit, against the edges: a node after those that it leads to.
  std::vector<int> post_order() const {
    std::vector<int> order;
    std::vector<bool> seen(before_.size(), false);
    std::vector<std::pair<int, std::size_t>> open{{exit, 0}};
    seen[exit] = true;
    while (!open.empty()) {
      auto& [node, next] = open.back();
      const std::vector<int>& b = before_[static_cast<std::size_t>(node)];
      if (next == b.size()) {
        order.push_back(node);
        open.pop_back();
        continue;
      }
      const int to = b[next++];
      if (seen[static_cast<std::size_t>(to)]) continue;
      seen[static_cast<std::size_t>(to)] = true;
      open.emplace_back(to, 0);
    }
    return order;
  }

  std::unordered_map<std::uint64_t, int> nodes_;
  std::vector<std::vector<int>> before_;  // by node: those from which it was entered
};

class DivergentReplay {
 public:
  DivergentReplay(std::span<const AccessLog> lanes, const Emit& emit)
      : lanes_(lanes), emit_(emit), paths_(lanes.size()) {
    FlowGraph graph;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const AccessLog& log = lanes[lane];
      if (log.empty()) continue;
      std::vector<Step>& steps = paths_[lane].steps;
      steps.push_back({FlowGraph::entry, 0, 0});
      for (std::size_t i = 0; i < log.size(); ++i) {
        if (log[i].is_access()) {
          steps.back().end = i + 1;
          continue;
        }
        const int node = graph.node(log[i]);
        graph.edge(steps.back().node, node);
        steps.push_back({node, i + 1, i + 1});
      }
      graph.edge(steps.back().node, FlowGraph::exit);
      all_ |= LaneMask{1} << lane;
    }
    reconvergence_ = graph.post_dominators();
  }

  void run() { run(all_, FlowGraph::exit); }

 private:
  struct Step {
    int node;
    std::size_t begin, end;  // of its accesses in the lane's log
  };
  struct Path {
    std::vector<Step> steps;
    std::size_t at = 0;
  };

  template <class Do>
  static void for_each(LaneMask mask, const Do& act) {
    for (; mask != 0; mask &= mask - 1) act(static_cast<std::size_t>(std::countr_zero(mask)));
  }
  int next(std::size_t lane) const {
    const Path& path = paths_[lane];
    return path.at < path.steps.size() ? path.steps[path.at].node : FlowGraph::exit;
  }

  /// The lanes of `mask`, all in front of one block of code, advance to `until` and stop in front
  /// of it.
  void run(LaneMask mask, int until) {
    while (mask != 0) {
      const int node = next(static_cast<std::size_t>(std::countr_zero(mask)));
      if (node == until || node == FlowGraph::exit) return;
      execute(mask);
      const std::vector<LaneMask> groups = groups_of(mask);
      if (groups.size() == 1) continue;
      const int meeting = reconvergence_[static_cast<std::size_t>(node)];
      std::vector<LaneMask> going;  // the others wait at the meeting point
      for (const LaneMask group : groups)
        if (next(static_cast<std::size_t>(std::countr_zero(group))) != meeting)
          going.push_back(group);
      if (meeting == until && going.size() == 1) {  // a loop that some have left
        mask = going.front();
        continue;
      }
      for (const LaneMask group : going) run(group, meeting);
      if (meeting == until) return;
    }
  }

  /// Lanes by the block of code in front of them, in the order of their lowest lane.
  std::vector<LaneMask> groups_of(LaneMask mask) const {
    std::vector<LaneMask> groups;
    while (mask != 0) {
      const int node = next(static_cast<std::size_t>(std::countr_zero(mask)));
      LaneMask group = 0;
      for_each(mask, [&](std::size_t lane) {
        if (next(lane) == node) group |= LaneMask{1} << lane;
      });
      groups.push_back(group);
      mask &= ~group;
    }
    return groups;
  }

  /// One block of code: its instructions in order.
  void execute(LaneMask mask) {
    for (std::size_t i = 0;; ++i) {
      const auto access = [&](std::size_t lane) {
        const Step& step = paths_[lane].steps[paths_[lane].at];
        return step.begin + i < step.end ? &lanes_[lane][step.begin + i] : nullptr;
      };
      LaneMask left = 0;
      for_each(mask, [&](std::size_t lane) {
        if (access(lane)) left |= LaneMask{1} << lane;
      });
      if (left == 0) break;
      while (left != 0) {
        Request request;
        for_each(left, [&](std::size_t lane) {
          const LogEntry& event = *access(lane);
          if (request.instruction && !event.same_instruction(*request.instruction)) return;
          request.add(static_cast<int>(lane), event);
          left &= ~(LaneMask{1} << lane);
        });
        emit_(request);
      }
    }
    for_each(mask, [&](std::size_t lane) { ++paths_[lane].at; });
  }

  std::span<const AccessLog> lanes_;
  const Emit& emit_;
  std::vector<Path> paths_;
  std::vector<int> reconvergence_;  // by node
  LaneMask all_ = 0;
};

}  // namespace

void replay_warp(std::span<const AccessLog> lanes, const Emit& emit) {
  if (together(lanes))
    replay_together(lanes, emit);
  else
    DivergentReplay(lanes, emit).run();
}

}  // namespace simt::profile
