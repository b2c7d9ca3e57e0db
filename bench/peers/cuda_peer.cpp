// The shared library of peers that is linked to cuBLAS and cuDNN.
#include "bench/peers/cuda_peer.h"

#include <algorithm>
#include <limits>
#include <random>

#include "bench/cuda_replay.h"

namespace dcgan::bench {
namespace {

class CudaPeer final : public Peer {
 public:
  CudaPeer(const CudaContext& context, Way::Run run, std::string choice)
      : context_(context), run_(std::move(run)), choice_(std::move(choice)) {}
  void run() override { run_(); }
  void wait() override { check(cudaStreamSynchronize(context_.stream)); }
  void* stream() const override { return static_cast<cudaStream_t>(context_.stream); }
  std::string choice() const override { return choice_; }

 private:
  const CudaContext& context_;
  Way::Run run_;
  std::string choice_;
};

double seconds_each(const CudaContext& context, const Way::Run& run) {
  constexpr int repeats = 4, replays = 3;
  run();  // loads its code
  check(cudaStreamSynchronize(context.stream));
  CudaReplay replay(context.stream, repeats, run);
  double best = std::numeric_limits<double>::max();
  for (int i = 0; i < replays; ++i) best = std::min(best, replay.seconds());
  return best / repeats;
}

class CudaLibrary final : public PeerLibrary {
 public:
  std::string description() const override {
    int cublas = 0;
    check(cublasGetVersion(context_.cublas, &cublas));
    return "cuBLAS " + std::to_string(cublas) + ", cuDNN " + std::to_string(cudnnGetVersion());
  }
  std::vector<NamedPeer> peers(const PeerOp& op) override {
    std::vector<NamedPeer> peers;
    const auto add = [&](const std::string& name, auto ways) {
      peers.push_back({name, [this, ways] { return fastest(context_, ways()); }});
    };
    for (const auto& [precision, suffix] :
         {std::pair{Precision::fp32, ""}, std::pair{Precision::tf32, "-tf32"}}) {
      if (const auto* pass = std::get_if<DensePass>(&op))
        add(std::string("cublas") + suffix,
            [this, p = *pass, by = precision] { return cublas_ways(context_, p, by); });
      if (const auto* pass = std::get_if<ConvolutionPass>(&op))
        add(std::string("cudnn") + suffix,
            [this, p = *pass, by = precision] { return cudnn_ways(context_, p, by); });
    }
    if (const auto* pass = std::get_if<BatchNormPass>(&op))
      add("cudnn", [this, p = *pass] { return cudnn_ways(context_, p); });
    return peers;
  }

 private:
  CudaContext context_;
};

}  // namespace

Floats::Floats(std::int64_t n)
    : bytes_(static_cast<std::size_t>(std::max<std::int64_t>(n, 1)) * sizeof(float)),
      memory_(bytes_) {
  std::vector<float> host(bytes_ / sizeof(float));
  std::minstd_rand engine(1);
  std::normal_distribution<float> normal;
  for (float& value : host) value = normal(engine);
  check(cudaMemcpy(get(), host.data(), bytes_, cudaMemcpyHostToDevice));
}

CudaContext::CudaContext() {
  check(cublasSetStream(cublas, stream));
  check(cublasSetWorkspace(cublas, workspace, workspace_bytes));  // it may not allocate in a graph
  check(cudnnSetStream(cudnn, stream));
}

std::unique_ptr<Peer> fastest(const CudaContext& context, const std::vector<Way>& ways) {
  Way::Run best;
  double least = std::numeric_limits<double>::max();
  std::string name, reason = "the library offers no way";
  std::size_t tried = 0;
  for (const Way& way : ways) try {
      Way::Run run = way.plan();
      const double seconds = seconds_each(context, run);
      ++tried;
      if (seconds >= least) continue;
      least = seconds;
      best = std::move(run);
      name = way.name;
    } catch (const Error& e) {
      reason = way.name + ": " + e.what();
      cudaGetLastError();  // the error was this way's
    }
  if (!best) throw Error(reason);
  return std::make_unique<CudaPeer>(context, std::move(best),
                                    name + ", best of " + std::to_string(tried));
}

}  // namespace dcgan::bench

extern "C" dcgan::bench::PeerLibrary* dcgan_peer_library() { return new dcgan::bench::CudaLibrary; }
