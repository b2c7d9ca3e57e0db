// Launches: what the device refuses, and how a queued one runs: plain, checked or profiled.
#include <chrono>
#include <memory>
#include <optional>

#include "simt/check/launch_check.h"
#include "simt/execution/call_text.h"
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

/// Throws Refusal where the device cannot run a launch of this shape.
void require_shape(const Machine& m, const LaunchShape& s) {
  const auto refuse = [](const std::string& reason) {
    throw Refusal{cudaErrorInvalidConfiguration, reason};
  };
  const auto require = [&](const std::string& what, std::uint64_t n, std::uint64_t most) {
    if (n < 1 || n > most)
      refuse(what + " of " + std::to_string(n) + ", allowed are 1 to " + std::to_string(most));
  };
  require("a block's x", s.block.x, 1024);
  require("a block's y", s.block.y, 1024);
  require("a block's z", s.block.z, 64);
  require("threads per block", count_of(s.block), most_threads);
  require("a grid's x", s.grid.x, 0x7FFFFFFF);
  require("a grid's y", s.grid.y, 65535);
  require("a grid's z", s.grid.z, 65535);
  const std::size_t most = dynamic_shared_limit(m, current_device(), s.kernel);
  if (s.dynamic_shared_bytes > most)
    refuse(std::to_string(s.dynamic_shared_bytes) +
           " bytes of dynamic shared memory, allowed are " + std::to_string(most) +
           (most < limits(m.settings.capability).shared_optin_bytes
                ? " without cudaFuncSetAttribute"
                : " on this device"));
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
    require_current(to);
    require_code(m);
    require_shape(m, shape);
    m.queue.push(to, [&m, shape, call] { run_launch(m, shape, *call); });
    if (m.settings.blocking && !to->capture) m.queue.finish(to);
  });
}

cudaError_t set_dynamic_shared_limit(const void* kernel, int bytes) {
  return guarded([&](Machine& m) {
    const std::size_t most = limits(m.settings.capability).shared_optin_bytes;
    if (bytes < 0 || static_cast<std::size_t>(bytes) > most)
      throw Refusal{cudaErrorInvalidValue, std::to_string(bytes) +
                                               " bytes of shared memory; the device has " +
                                               std::to_string(most)};
    m.dynamic_shared_limits[{current_device(), kernel}] = static_cast<std::size_t>(bytes);
  });
}

cudaError_t get_function_attributes(cudaFuncAttributes* attributes, const void* kernel) {
  return guarded([&](Machine& m) {
    require_code(m);
    *attributes = {most_threads,
                   static_cast<int>(dynamic_shared_limit(m, current_device(), kernel)),
                   m.settings.capability, code_capability};
  });
}

}  // namespace simt
