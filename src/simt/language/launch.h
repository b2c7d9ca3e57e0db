// Packs a kernel and its arguments, as a launch copies them, into one object that every thread of
// the grid calls.
#pragma once
#include <memory>
#include <tuple>

#include "simt/language/device_language.h"
#include "simt/runtime/api.h"

namespace simt {

struct KernelCall {
  virtual ~KernelCall() = default;
  virtual void run() const = 0;
  virtual std::size_t bytes() const = 0;  // of the object, which holds the parameters
};

/// What a launch declares of its work, counted from its shape. The machine hands it on to the
/// profile.
struct DeclaredWork {
  double bytes = 0;      ///< each value that is read or written, once
  double fmas = 0;       ///< multiply-adds that the threads issue
  int slices = 0;        ///< rounds of a tiled product's main loop, of a block
  int instructions = 0;  ///< of a thread, where neither bytes nor multiply-adds tell the work
  int double_instructions = 0;  ///< of a thread; as_compiled: those in its machine code
  static constexpr int as_compiled = -1;
};

struct LaunchName {
  LaunchName(const char* text_, const DeclaredWork& work_ = {}) : text(text_), work(work_) {}
  const char* text;
  DeclaredWork work;
};

struct LaunchShape {
  const char* name;
  DeclaredWork work;
  const void* kernel;
  dim3 grid, block;
  std::size_t dynamic_shared_bytes;
  bool checked;  // the kernel is instrumented; see observe/
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
       dynamic_shared_bytes, checked},
      std::make_shared<PackedCall<Parameters...>>(kernel, std::forward<Arguments>(arguments)...),
      stream);
}

}  // namespace simt
