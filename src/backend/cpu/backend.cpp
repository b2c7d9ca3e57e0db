// The cpu backend as one object: device memory is host memory, operations run when they are called.
#include "backend/cpu/backend.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "backend/cpu/adam.h"
#include "backend/cpu/batch_norm.h"
#include "backend/cpu/conv.h"
#include "backend/cpu/dense.h"
#include "backend/cpu/end_step.h"
#include "backend/cpu/epilogue.h"
#include "backend/cpu/gather.h"
#include "backend/cpu/loss.h"
#include "backend/cpu/memory.h"
#include "backend/cpu/random.h"
#include "backend/cpu/softmax_loss.h"
#include "backend/cpu/weighted_sum.h"
#include "backend/immediate.h"
#include "backend/machine_limits.h"

namespace dcgan::cpu {
namespace {

/// Work is done when its call returns, so the host's clock times it.
class ClockTimeline final : public Timeline {
 public:
  std::size_t mark() override {
    marks_.push_back(std::chrono::steady_clock::now());
    return marks_.size() - 1;
  }
  double seconds(std::size_t from, std::size_t to) override {
    return std::chrono::duration<double>(marks_.at(to) - marks_.at(from)).count();
  }
  void clear() override { marks_.clear(); }

 private:
  std::vector<std::chrono::steady_clock::time_point> marks_;
};

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads) {
    const int granted = granted_processors();
    if (threads == 0 && granted > 0) threads = std::min(granted, omp_get_max_threads());
    if (threads > 0) omp_set_num_threads(threads);
    threads_ = omp_get_max_threads();
  }

  std::string name() const override { return "cpu"; }

  std::string description() const override {
    const dnnl_version_t* v = dnnl::version();
    const auto isa = dnnl::get_effective_cpu_isa();
    const char* isa_name = isa >= dnnl::cpu_isa::avx512_core ? "AVX-512"
                           : isa >= dnnl::cpu_isa::avx2      ? "AVX2"
                                                             : "SSE";
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
           std::to_string(v->patch) + ", " + std::to_string(threads_) +
           (threads_ == 1 ? " thread, " : " threads, ") + isa_name;
  }

  Buffer allocate(std::size_t bytes) override { return allocate_zeroed(bytes); }
  void upload(void* device, const void* host, std::size_t bytes) override {
    copy(device, host, bytes);
  }
  void download(void* host, const void* device, std::size_t bytes) override {
    copy(host, device, bytes);
  }
  void copy(void* destination, const void* source, std::size_t bytes) override {
    if (bytes) std::memcpy(destination, source, bytes);  // an empty copy may have null pointers
  }

  void synchronise() override {}
  std::unique_ptr<Timeline> timeline() override { return std::make_unique<ClockTimeline>(); }
  std::unique_ptr<RepeatedCalls> repeated_calls() override { return make_immediate_calls(); }
  std::unique_ptr<PendingDownload> pending_download(std::size_t most_bytes) override {
    return make_immediate_download(*this, most_bytes);
  }

  std::unique_ptr<LinearOp> dense(const DenseShape& s, const Epilogue& e) override {
    return make_dense(s, e);
  }
  std::unique_ptr<LinearOp> convolution(const ConvShape& s, const Epilogue& e) override {
    return make_convolution(convolutions_, s, e);
  }
  std::unique_ptr<BatchNormOp> batch_norm(const BatchNormShape& s) override {
    return make_batch_norm(s);
  }

  void epilogue_forward(const EpilogueForward& c) override { cpu::epilogue_forward(c); }
  void epilogue_backward(const EpilogueBackward& c) override {
    const std::size_t wanted = epilogue_scratch_floats(c.rows, c.channels);
    if (scratch_.size() < wanted) scratch_.resize(wanted);
    cpu::epilogue_backward(c, scratch_.data());
  }
  void gan_loss(const GanLoss& l) override { cpu::gan_loss(l); }
  void softmax_loss(const SoftmaxLoss& l) override { cpu::softmax_loss(l); }
  void adam(const AdamStep& s) override { cpu::adam(s); }
  void draw(const NormalDraw& normal, const std::vector<KeepMaskDraw>& masks) override {
    cpu::draw_normal(normal);
    for (const KeepMaskDraw& mask : masks) cpu::draw_keep_mask(mask);
  }
  void gather(const Gather& g) override { cpu::gather(g); }
  void weighted_sum(const WeightedSum& s) override { cpu::weighted_sum(s); }
  void end_step(const EndStep& e) override { cpu::end_step(e); }

 private:
  ConvContext convolutions_;
  int threads_;
  std::vector<float> scratch_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(int threads) { return std::make_unique<CpuBackend>(threads); }

}  // namespace dcgan::cpu
