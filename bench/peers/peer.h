// A library's own way to do one pass of a case: what the backend is measured against. It does the
// arithmetic alone: bias, activation and dropout, which the backend's forward pass has with it, are
// left out.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ops/case.h"

namespace dcgan::bench {

/// Planned, with memory of its own on the device.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void run() = 0;  ///< may return before the work is done
  virtual void wait() {}
  /// What the library chose: "implicit precomputed GEMM, NHWC"; may be empty.
  virtual std::string choice() const { return ""; }
};

struct NamedPeer {
  std::string library;
  std::function<std::unique_ptr<Peer>()> make;
};

/// Those of a pass of op; none where the library has no such op.
std::vector<NamedPeer> onednn_peers(const test::Case& op, std::size_t pass);
std::vector<NamedPeer> cublas_cudnn_peers(const test::Case& op, std::size_t pass);

}  // namespace dcgan::bench
