// Bars: the share of the device's limit that each op and its peers reach.
#pragma once
#include <string>
#include <vector>

namespace dcgan::bench {

struct Share {
  std::string op, who;
  double share;  ///< of the limit's arithmetic or memory bandwidth, whichever binds
};

/// Writes a PNG: a group of bars per op, in order of appearance. Throws Error naming the file.
void plot_shares(const std::string& path, const std::vector<Share>& shares,
                 const std::string& title);

}  // namespace dcgan::bench
