// Launches: what the device refuses, and how a queued one runs: plain, checked or profiled.
#include <chrono>
#include <memory>
#include <optional>

#include "simt/check/launch_check.h"
#include "simt/execution/grid.h"
#include "simt/machine_state.h"
#include "simt/profile/launch_profile.h"
#include "simt/runtime/call.h"

namespace simt {
namespace {

std::size_t dynamic_shared_limit(const Machine& m, int device, const void* kernel) {
  const auto raised = m.dynamic_shared_limits.find({device, kernel});
  return raised == m.dynamic_shared_limits.end() ? shared_default_bytes : raised->second;
}

/// Throws Refusal where the device is one that the kernels have no code for.
void require_code(const Machine& m) {
  if (m.settings.capability < code_capability) throw Refusal{cudaErrorNoKernelImageForDevice};
}

/// Why the device refuses a launch of this shape; empty: it does not.
std::string refuse_shape(Machine& m, const LaunchShape& s) {
  const DeviceLimits& device = limits(m.settings.capability);
  const auto outside = [](const char* what, std::uint64_t n, std::uint64_t most) -> std::string {
    if (n >= 1 && n <= most) return "";
    return std::string(what) + " of " + std::to_string(n) + ", allowed are 1 to " +
           std::to_string(most);
  };
  const std::uint64_t threads = std::uint64_t{s.block.x} * s.block.y * s.block.z;
  for (const std::string& text :
       {outside("a block's x", s.block.x, 1024), outside("a block's y", s.block.y, 1024),
        outside("a block's z", s.block.z, 64), outside("threads per block", threads, most_threads),
        outside("a grid's x", s.grid.x, 0x7FFFFFFF), outside("a grid's y", s.grid.y, 65535),
        outside("a grid's z", s.grid.z, 65535)})
    if (!text.empty()) return text;
  const std::size_t most = dynamic_shared_limit(m, current_device(), s.kernel);
  if (s.dynamic_shared_bytes > most)
    return std::to_string(s.dynamic_shared_bytes) +
           " bytes of dynamic shared memory, allowed are " + std::to_string(most) +
           (most < device.shared_optin_bytes ? " without cudaFuncSetAttribute" : " on this device");
  return "";
}

void profile_launch(Machine& m, const LaunchShape& shape, const KernelCall& call) {
  profile::LaunchProfile profile(shape, m.profile->most_blocks);
  if (profile.sample().empty()) return;
  run_grid(shape, call, m.settings, ++m.launches, shared_default_bytes, &profile);
  m.profile->observer(profile.finish());
}

void run_launch(Machine& m, const LaunchShape& shape, const KernelCall& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const std::size_t shared_limit =
      m.dynamic_shared_limits.contains({m.queue.running_device(), shape.kernel})
          ? limits(m.settings.capability).shared_optin_bytes
          : shared_default_bytes;
  if (shape.checked && m.profile) return profile_launch(m, shape, call);
  std::optional<check::LaunchCheck> check;
  if (shape.checked) check.emplace(shape, call, m.queue.running());
  run_grid(shape, call, m.settings, ++m.launches, shared_default_bytes, check ? &*check : nullptr);
  const std::string problem = check ? check->finish(shared_limit) : "";
  if (!problem.empty()) throw Violation{"kernel " + std::string(shape.name) + ": " + problem};
  if (!m.on_launch) return;
  const std::chrono::duration<double, std::milli> time = Clock::now() - start;
  m.on_launch({shape.name, shape.grid, shape.block, shape.dynamic_shared_bytes, time.count()});
}

}  // namespace

cudaError_t enqueue_launch(const LaunchShape& shape, std::shared_ptr<const KernelCall> call,
                           cudaStream_t stream) {
  return guarded([&](Machine& m) {
    Stream* to = stream_of(m, stream);
    if (!to) return cudaErrorInvalidResourceHandle;
    require_current(to);
    require_code(m);
    const std::string reason = refuse_shape(m, shape);
    if (!reason.empty()) return refuse(cudaErrorInvalidConfiguration, reason);
    m.queue.push(to, [&m, shape, call] { run_launch(m, shape, *call); });
    if (m.settings.blocking && !to->capture) m.queue.finish(to);
    return cudaSuccess;
  });
}

cudaError_t set_dynamic_shared_limit(const void* kernel, int bytes) {
  return guarded([&](Machine& m) {
    const std::size_t most = limits(m.settings.capability).shared_optin_bytes;
    if (bytes < 0 || static_cast<std::size_t>(bytes) > most)
      return refuse(cudaErrorInvalidValue, std::to_string(bytes) +
                                               " bytes of shared memory; the device has " +
                                               std::to_string(most));
    m.dynamic_shared_limits[{current_device(), kernel}] = static_cast<std::size_t>(bytes);
    return cudaSuccess;
  });
}

cudaError_t get_function_attributes(cudaFuncAttributes* attributes, const void* kernel) {
  return guarded([&](Machine& m) {
    require_code(m);
    *attributes = {most_threads,
                   static_cast<int>(dynamic_shared_limit(m, current_device(), kernel)),
                   m.settings.capability, code_capability};
    return cudaSuccess;
  });
}

}  // namespace simt
