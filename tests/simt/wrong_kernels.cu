// How the wrong kernels are launched, and what must be reported of each.
#include "simt/wrong_kernels.h"

#include "simt/wrong_device_code.h"
#include "simt/wrong_launch.h"

namespace dcgan::DCGAN_TARGET {
namespace {

std::string read_too_early(bool wrong) {
  Floats in(64), out(64);
  float* host = nullptr;
  DCGAN_CUDA_CHECK(cudaMallocHost(&host, out.bytes()));
  std::string text = outcome([&] {
    launch("double_all", double_all, 1, 64, 0, nullptr, in, out);
    DCGAN_CUDA_CHECK(cudaMemcpyAsync(host, out, out.bytes(), cudaMemcpyDeviceToHost, nullptr));
    if (!wrong) DCGAN_CUDA_CHECK(cudaStreamSynchronize(nullptr));
    const float third = host[3];  // @read_too_early
    if (third == 7) DCGAN_CUDA_CHECK(cudaErrorInvalidValue);
  });
  cudaFreeHost(host);
  return text;
}

std::string copy_without_event(bool wrong) {
  Floats in(128), out(128), copy(128);
  cudaStream_t compute = nullptr, copies = nullptr;
  cudaEvent_t computed = nullptr;
  DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(&compute, cudaStreamNonBlocking));
  DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking));
  DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&computed, cudaEventDisableTiming));
  DCGAN_CUDA_CHECK(cudaDeviceSynchronize());  // the fills are done
  const std::string text = outcome([&] {
    launch("double_all", double_all, 2, 64, 0, compute, in, out);
    DCGAN_CUDA_CHECK(cudaEventRecord(computed, compute));
    if (!wrong) DCGAN_CUDA_CHECK(cudaStreamWaitEvent(copies, computed, 0));
    DCGAN_CUDA_CHECK(cudaMemcpyAsync(copy, out, out.bytes(), cudaMemcpyDeviceToDevice, copies));
  });
  cudaEventDestroy(computed);
  cudaStreamDestroy(compute);
  cudaStreamDestroy(copies);
  return text;
}

/// A kernel and a copy of its result, captured on two streams, run as a graph.
std::string graph_without_event(bool wrong) {
  Floats in(128), out(128), copy(128);
  cudaStream_t compute = nullptr, copies = nullptr;
  cudaEvent_t began = nullptr, computed = nullptr, copied = nullptr;
  for (cudaStream_t* stream : {&compute, &copies})
    DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
  for (cudaEvent_t* event : {&began, &computed, &copied})
    DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
  DCGAN_CUDA_CHECK(cudaDeviceSynchronize());  // the fills are done
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  const std::string text = outcome([&] {
    DCGAN_CUDA_CHECK(cudaStreamBeginCapture(compute, cudaStreamCaptureModeGlobal));
    DCGAN_CUDA_CHECK(cudaEventRecord(began, compute));
    DCGAN_CUDA_CHECK(cudaStreamWaitEvent(copies, began, 0));  // joins the capture
    launch("double_all", double_all, 2, 64, 0, compute, in, out);
    DCGAN_CUDA_CHECK(cudaEventRecord(computed, compute));
    if (!wrong) DCGAN_CUDA_CHECK(cudaStreamWaitEvent(copies, computed, 0));
    DCGAN_CUDA_CHECK(cudaMemcpyAsync(copy, out, out.bytes(), cudaMemcpyDeviceToDevice, copies));
    DCGAN_CUDA_CHECK(cudaEventRecord(copied, copies));
    DCGAN_CUDA_CHECK(cudaStreamWaitEvent(compute, copied, 0));
    DCGAN_CUDA_CHECK(cudaStreamEndCapture(compute, &graph));
    DCGAN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
    for (int i = 0; i < 2; ++i) DCGAN_CUDA_CHECK(cudaGraphLaunch(exec, compute));
  });
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  for (cudaEvent_t event : {began, computed, copied}) cudaEventDestroy(event);
  for (cudaStream_t stream : {compute, copies}) cudaStreamDestroy(stream);
  return text;
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET

namespace dcgan::test {

std::vector<WrongKernel> wrong_kernels() {
  using namespace DCGAN_TARGET;
  std::vector<WrongKernel> all;
  const auto add = [&](const char* name, std::function<std::string(bool)> run, std::string report) {
    all.push_back({name, std::move(run), std::move(report)});
  };
  add(
      "missing_barrier",
      [](bool wrong) {
        const Floats in(64), out(64);
        return LAUNCHED(wrong, missing_barrier, 1, 64, 0, in, out);
      },
      "kernel missing_barrier<true>: block \\(0,0,0\\): (" +
          race("@missing_barrier_store", "@missing_barrier_load") + ")");
  add(
      "divergent_barrier",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, divergent_barrier, 1, 64, 0, out);
      },
      "thread \\(0,0,0\\) waits at the barrier in @divergent_barrier_low, but thread "
      "\\(32,0,0\\) waits at the one in @divergent_barrier_high");
  add(
      "early_return",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, early_return, 1, 64, 0, out, 50U);
      },
      "waits at the barrier in @early_return_barrier, but thread \\(50,0,0\\) has returned");
  add(
      "read_past_end",
      [](bool wrong) {
        const Floats in(64), out(64);
        return LAUNCHED(wrong, read_past_end, 1, 64, 0, in, out);
      },
      "thread \\(63,0,0\\) reads 4 bytes at @read_past_end, 0 bytes past the end of an "
      "allocation of 256 bytes");
  add(
      "write_past_end",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, write_past_end, 1, 64, 0, out);
      },
      "thread \\(63,0,0\\) writes 4 bytes at @write_past_end, 0 bytes past the end");
  add(
      "write_in_front",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, write_in_front, 1, 64, 0, out);
      },
      "thread \\(0,0,0\\) writes 4 bytes at @write_in_front, 4 bytes in front of an allocation");
  add(
      "shared_read_past_end",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, shared_read_past_end, 1, 64, 0, out);
      },
      "thread \\(63,0,0\\) reads 4 bytes at @shared_read_past_end, 0 bytes past the end of the "
      "shared array tile of 256 bytes");
  add(
      "shared_write_past_end",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, shared_write_past_end, 1, 64, 0, out);
      },
      "thread \\(63,0,0\\) writes 4 bytes at @shared_write_past_end, 0 bytes past the end of the "
      "shared array tile");
  add(
      "overrun_into_next_array",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, overrun_into_next_array, 1, 33, 0, out);
      },
      "thread \\(0,0,0\\) writes 4 bytes at @overrun, 0 bytes past the end of the shared array "
      "first of 132 bytes");
  add(
      "dynamic_past_end",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, dynamic_past_end, 1, 64, 256, out);
      },
      "thread \\(63,0,0\\) writes 4 bytes at @dynamic_past_end, 4 bytes past the end of the "
      "launch's 256 bytes of dynamic shared memory");
  add(
      "misaligned_read",
      [](bool wrong) {
        const Floats in(64), out(64);
        return LAUNCHED(wrong, misaligned_read, 1, 1, 0, in, out);
      },
      "thread \\(0,0,0\\) reads 16 bytes at @misaligned_read, at an address that is 4 more than");
  add(
      "misaligned_shared_write",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, misaligned_shared_write, 1, 64, 0, wrong ? 2 : 4, out);
      },
      "thread \\(3,0,0\\) writes 16 bytes at @misaligned_shared_write, at an address that is 8");
  add(
      "unwritten_shared",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, unwritten_shared, 1, 64, 0, out);
      },
      "thread \\(58,0,0\\) reads 4 bytes at @unwritten_shared that nothing has written, byte 20 "
      "of the shared array tile");
  add(
      "unwritten_global",
      [](bool wrong) {
        const Floats in(64, false), out(64);
        float first[7] = {};
        DCGAN_CUDA_CHECK(cudaMemcpy(in, first, sizeof first, cudaMemcpyHostToDevice));
        return LAUNCHED(wrong, unwritten_global, 1, 8, 0, in, out);
      },
      "block \\(0,0,0\\): thread \\(7,0,0\\) reads 4 bytes at @unwritten_global that nothing has "
      "written, at byte 28 of an allocation");
  add(
      "host_pointer",
      [](bool wrong) {
        const Floats in(64), out(64);
        const std::vector<float> host(64);
        return LAUNCHED(wrong, host_pointer, 1, 64, 0, wrong ? host.data() : in, out);
      },
      "thread \\(\\d+,0,0\\) reads 4 bytes at @host_pointer outside the device's memory: a pointer "
      "of the host");
  add(
      "another_threads_local",
      [](bool wrong) {
        const Floats out(64);
        return LAUNCHED(wrong, another_threads_local, 1, 64, 0, out);
      },
      "thread \\(1,0,0\\) reads 4 bytes at @another_threads_local in the local memory of thread "
      "\\(0,0,0\\)");
  add(
      "missing_mask_lane",
      [](bool wrong) {
        const Floats out(32);
        return LAUNCHED(wrong, missing_mask_lane, 1, 32, 0, out);
      },
      "thread \\(31,0,0\\) is not in the mask of its own __shfl_xor_sync, @missing_mask_lane");
  add(
      "too_much_static_shared",
      [](bool wrong) {
        const Floats out(32);
        return LAUNCHED(wrong, too_much_static_shared, 1, 32, 0, out);
      },
      "49156 bytes of static .*shared memory");
  add(
      "too_much_shared_together",
      [](bool wrong) {
        const Floats out(32);
        const std::size_t dynamic = wrong ? 48 << 10 : 44 << 10;
        return LAUNCHED(wrong, too_much_shared_together, 1, 32, dynamic, out);
      },
      "4096 bytes of static and 49152 of dynamic shared memory, allowed are 49152 in all");
  add(
      "dynamic_without_opt_in",
      [](bool wrong) {
        const Floats out(64);
        if (!wrong)
          DCGAN_CUDA_CHECK(cudaFuncSetAttribute(
              dynamic_past_end<false>, cudaFuncAttributeMaxDynamicSharedMemorySize, 50 << 10));
        return launched("dynamic_past_end",
                        wrong ? dynamic_without_opt_in : dynamic_past_end<false>, 1, 64, 50 << 10,
                        out);
      },
      "51200 bytes of dynamic shared memory, allowed are 49152 without cudaFuncSetAttribute");
  add(
      "race_within_warp",
      [](bool wrong) {
        const Floats in(32), out(32);
        return LAUNCHED(wrong, race_within_warp, 1, 32, 0, in, out);
      },
      "(" + race("@within_warp_store", "@within_warp_load") + ").*no __syncwarp or barrier");
  add(
      "race_between_warps",
      [](bool wrong) {
        const Floats in(64), out(64);
        return LAUNCHED(wrong, overwritten_before_read, 1, 64, 0, in, out);
      },
      "(" + race("@overwritten_store", "@overwritten_load") + "), with no barrier between");
  add(
      "race_between_blocks",
      [](bool wrong) {
        const Floats in(128), out(128);
        return LAUNCHED(wrong, race_between_blocks, 2, 64, 0, in, out);
      },
      "(" + race("@between_blocks", "of block .*@between_blocks") +
          "), and nothing orders the blocks");
  add(
      "neighbours_result",
      [](bool wrong) {
        const Floats in(128), out(128), sums(128);
        return LAUNCHED(wrong, neighbours_result, 2, 64, 0, in, out, sums);
      },
      "(" + race("@neighbours_store", "@neighbours_load") + "), and nothing orders the blocks");
  add(
      "memory_of_another_device",
      [](bool wrong) {
        DCGAN_CUDA_CHECK(cudaSetDevice(wrong ? 1 : 0));
        const Floats in(64);
        DCGAN_CUDA_CHECK(cudaSetDevice(0));
        const Floats out(64);
        return launched("double_all", double_all, 1, 64, 0, in, out);
      },
      "thread .* reads 4 bytes at @double_all, of another device's memory, at byte .* of an "
      "allocation of 256 bytes");
  add("host_read_too_early", read_too_early,
      "host code reads what a queued copy is going to write, at @read_too_early");
  const std::string unordered_copy =
      "race: (a copy of 512 bytes on the device reads .*, and kernel double_all, block "
      "\\(.,0,0\\), thread .*, wrote it, at @double_all|thread .* writes .*, at @double_all, and a "
      "copy of 512 bytes on the device read it).*no stream or event puts them in order";
  add(
      "reads_before_it_waits",
      [](bool wrong) {
        const Floats in(64), out(64);
        const Overlapping launches;
        return LAUNCHED(wrong, reads_before_it_waits, 1, 64, 0, in, out);
      },
      "thread .* reads 4 bytes at @reads_before_it_waits, before cudaGridDependencySynchronize");
  add(
      "leaves_without_waiting",
      [](bool wrong) {
        const Floats out(64);
        const Overlapping launches;
        return LAUNCHED(wrong, leaves_without_waiting, 1, 64, 0, out, 40U);
      },
      "thread \\(40,0,0\\) has not called cudaGridDependencySynchronize");
  add("copy_without_event", copy_without_event, unordered_copy);
  add("graph_without_event", graph_without_event, unordered_copy);
  return all;
}

}  // namespace dcgan::test
