// Peers that say on stderr when they are made and freed, and as their choice what op they were
// given.
#include <cstdio>
#include <stdexcept>

#include "bench/peers/peer.h"

namespace dcgan::bench {
namespace {

std::string text(const PeerOp& op) {
  char line[160];
  if (const auto* p = std::get_if<DensePass>(&op))
    std::snprintf(line, sizeof line, "dense %lldx%lld to %lld, %s",
                  static_cast<long long>(p->shape.batch), static_cast<long long>(p->shape.in),
                  static_cast<long long>(p->shape.out), to_string(p->direction).c_str());
  else if (const auto* c = std::get_if<ConvolutionPass>(&op))
    std::snprintf(line, sizeof line, "convolution %lldx%lldx%lldx%lld to %lld by %lld, %s",
                  static_cast<long long>(c->shape.batch), static_cast<long long>(c->shape.height),
                  static_cast<long long>(c->shape.width), static_cast<long long>(c->shape.in),
                  static_cast<long long>(c->shape.out), static_cast<long long>(c->shape.stride),
                  to_string(c->direction).c_str());
  else if (const auto* b = std::get_if<BatchNormPass>(&op))
    std::snprintf(line, sizeof line, "batch norm %lldx%lldx%lld, %s",
                  static_cast<long long>(b->images), static_cast<long long>(b->positions),
                  static_cast<long long>(b->channels), to_string(b->direction).c_str());
  return line;
}

class FakePeer final : public Peer {
 public:
  FakePeer(std::string what, bool fails) : what_(std::move(what)), fails_(fails) {
    std::fprintf(stderr, "made %s\n", what_.c_str());
  }
  ~FakePeer() override { std::fprintf(stderr, "freed %s\n", what_.c_str()); }
  void run() override {
    if (fails_) throw std::runtime_error("the launch was refused");
    volatile double sum = 0;
    for (int i = 0; i < 10000; ++i) sum = sum + i;
  }
  std::string choice() const override { return what_; }

 private:
  std::string what_;
  bool fails_;
};

class FakeLibrary final : public PeerLibrary {
 public:
  std::string description() const override { return "a stand-in"; }
  std::vector<NamedPeer> peers(const PeerOp& op) override {
    const std::string what = text(op);
    return {
        {"no-room", []() -> std::unique_ptr<Peer> { throw std::runtime_error("no room for it"); }},
        {"refuses", [what] { return std::make_unique<FakePeer>("refuser of " + what, true); }},
        {"works", [what] { return std::make_unique<FakePeer>(what, false); }}};
  }
};

}  // namespace
}  // namespace dcgan::bench

extern "C" dcgan::bench::PeerLibrary* dcgan_peer_library() { return new dcgan::bench::FakeLibrary; }
