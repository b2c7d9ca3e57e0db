// Packs a kernel and its arguments, as a launch copies them, into one object that every thread of
// the grid calls.
#pragma once
#include <memory>
#include <tuple>

#include "simt/language/declared_work.h"
#include "simt/language/device_language.h"
#include "simt/runtime/api.h"

namespace simt {

struct KernelCall {
  virtual ~KernelCall() = default;
  virtual void run() const = 0;
  virtual std::size_t bytes() const = 0;  // of the object, which holds the parameters
};

struct LaunchName {
  LaunchName(const char* text_, const DeclaredWork& work_ = {}) : text(text_), work(work_) {}
  const char* text;
  DeclaredWork work;
  bool overlaps = false;  // with the launch before: programmatic dependent launch
};

struct LaunchShape {
  const char* name;
  DeclaredWork work;
  const void* kernel;
  dim3 grid, block;
  std::size_t dynamic_shared_bytes;
  bool checked;  // the kernel is instrumented; see observe/
  bool overlaps;
};

/// Queues the call on the stream, or refuses it where the emulated device's limits do.
cudaError_t enqueue_launch(const LaunchShape& shape, std::shared_ptr<const KernelCall> call,
                           cudaStream_t stream);

template <class... Parameters>
class PackedCall final : public KernelCall {
 public:
  template <class... Arguments>
  explicit PackedCall(void (*kernel)(Parameters...), Arguments&&... arguments)
      : kernel_(kernel), parameters_(std::forward<Arguments>(arguments)...) {}
  SIMT_OWN void run() const override { run(std::index_sequence_for<Parameters...>{}); }
  std::size_t bytes() const override { return sizeof *this; }

 private:
  template <std::size_t... i>
  SIMT_OWN void run(std::index_sequence<i...>) const {
    kernel_(std::get<i>(parameters_)...);
  }
  void (*kernel_)(Parameters...);
  std::tuple<Parameters...> parameters_;
};

/// `checked` tells the targets' instances apart.
template <bool checked = SIMT_CHECKED, class... Parameters, class... Arguments>
cudaError_t queue_kernel(const LaunchName& name, void (*kernel)(Parameters...), dim3 grid,
                         dim3 block, std::size_t dynamic_shared_bytes, cudaStream_t stream,
                         Arguments&&... arguments) {
  return enqueue_launch(
      {name.text, name.work, reinterpret_cast<const void*>(kernel), grid, block,
       dynamic_shared_bytes, checked, name.overlaps},
      std::make_shared<PackedCall<Parameters...>>(kernel, std::forward<Arguments>(arguments)...),
      stream);
}

}  // namespace simt
