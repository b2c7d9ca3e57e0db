// A library's own way to do one pass of an op: what the backend is measured against. It does the
// arithmetic alone: bias, activation and dropout, which the backend's forward pass includes, are
// left out.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "ops/convolution.h"
#include "ops/dense.h"

namespace dcgan::bench {

struct DensePass {
  DenseShape shape;
  Direction direction;
};
/// Of a conv2d; a transposed convolution is that from its output to its input, forward and
/// backward_data exchanged.
struct ConvolutionPass {
  ConvShape shape;
  Direction direction;
};
/// x [images, positions, channels]
struct BatchNormPass {
  std::int64_t images, positions, channels;
  float momentum, epsilon;
  Direction direction;
};
using PeerOp = std::variant<DensePass, ConvolutionPass, BatchNormPass>;

/// Planned, with memory of its own on the device.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void run() = 0;  ///< may return before the work is done
  virtual void wait() {}
  /// The stream it runs on, a cudaStream_t; null where there is none.
  virtual void* stream() const { return nullptr; }
  /// What the library chose: "implicit precomputed GEMM, NHWC"; may be empty.
  virtual std::string choice() const { return ""; }
};

/// make() plans it, and throws where the library cannot do it.
struct NamedPeer {
  std::string name;
  std::function<std::unique_ptr<Peer>()> make;
};

/// Outlives its peers, which share what it holds: handles, a stream, a workspace.
class PeerLibrary {
 public:
  virtual ~PeerLibrary() = default;
  virtual std::string description() const = 0;                 ///< with its version
  virtual std::vector<NamedPeer> peers(const PeerOp& op) = 0;  ///< none where it has no such op
};

std::unique_ptr<PeerLibrary> onednn_library();

/// Loads a shared library that has `extern "C" dcgan::bench::PeerLibrary* dcgan_peer_library()`,
/// which returns a new one or throws; `file` is a path, or a name that the loader searches for.
/// Throws Error with the reason.
std::unique_ptr<PeerLibrary> load_peer_library(const std::string& file);

}  // namespace dcgan::bench
