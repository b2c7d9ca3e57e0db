// How the wrong kernels with counters are launched, and what must be reported of each.
#include "simt/wrong_counter_code.h"
#include "simt/wrong_kernels.h"
#include "simt/wrong_launch.h"

namespace dcgan::DCGAN_TARGET {
namespace {

/// Four blocks, memory for their partial results, and 64 counters.
template <class... Parameters>
std::string counted(const char* name, void (*kernel)(Parameters...), unsigned threads = 64,
                    bool counters_written = true) {
  constexpr unsigned blocks = 4;
  const Floats partials(blocks * 64), out(blocks * 64), counters(64, counters_written);
  auto* const words = reinterpret_cast<unsigned*>(static_cast<float*>(counters));
  if constexpr (sizeof...(Parameters) == 3)
    return launched(name, kernel, blocks, threads, 0, partials, out, words);
  else
    return launched(name, kernel, blocks, threads, 0, out, words);
}

#define COUNTED(kernel)                                       \
  [](bool wrong) {                                            \
    return wrong ? counted(#kernel "<true>", kernel<true>)    \
                 : counted(#kernel "<false>", kernel<false>); \
  }

std::string within_half_a_warp(bool wrong) {
  return wrong ? counted("within_half_a_warp", no_warp_meeting_before_fence<true>, 16)
               : counted("within_half_a_warp", no_warp_meeting_before_fence<false>, 16);
}

/// Two launches with one counter, on two streams.
std::string counter_of_two_launches(bool wrong) {
  const Floats out(192), counters(64);
  auto* const words = reinterpret_cast<unsigned*>(static_cast<float*>(counters));
  cudaStream_t streams[2] = {};
  cudaEvent_t counted = nullptr;
  for (cudaStream_t& stream : streams)
    DCGAN_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  DCGAN_CUDA_CHECK(cudaEventCreateWithFlags(&counted, cudaEventDisableTiming));
  DCGAN_CUDA_CHECK(cudaDeviceSynchronize());  // the fills are done
  const std::string text = outcome([&] {
    launch("count", wraps_too_late<false>, 4, 64, 0, streams[0], out, words);
    DCGAN_CUDA_CHECK(cudaEventRecord(counted, streams[0]));
    if (!wrong) DCGAN_CUDA_CHECK(cudaStreamWaitEvent(streams[1], counted, 0));
    launch("count", wraps_too_late<false>, 4, 64, 0, streams[1], out, words);
  });
  cudaEventDestroy(counted);
  for (cudaStream_t stream : streams) cudaStreamDestroy(stream);
  return text;
}

}  // namespace
}  // namespace dcgan::DCGAN_TARGET

namespace dcgan::test {

std::vector<WrongKernel> wrong_counters() {
  using namespace DCGAN_TARGET;
  // The block that reads is the last, in whatever order blocks run: what is missing is always
  // missing in front of its read.
  const auto read = [](const std::string& reads, const std::string& wrote,
                       const std::string& missing) {
    const std::string thread = "thread \\(\\d+,0,0\\)";
    return "race: " + thread + " reads what is .*, at " + reads + ".*, and " + thread +
           " of block \\(\\d,0,0\\) wrote it, at " + wrote +
           ", and nothing orders the blocks: " + missing;
  };
  const auto not_reset = [](const std::string& now, const std::string& line) {
    return "kernel .*: a counter is not reset: what is at byte 0 of an allocation of 256 bytes was "
           "0 before the launch and is " +
           now + " after it, changed at " + line;
  };
  const std::string no_release =
      "no __threadfence comes after that and before its block's atomic operation";
  const std::string no_acquire =
      "no __threadfence lies between this block's atomic operation and that";
  return {
      {"no_fence_before_counter", COUNTED(no_fence_before_counter),
       read("@partials_read", "@no_fence_write", no_release)},
      {"fence_before_write", COUNTED(fence_before_write),
       read("@partials_read", "@early_fence_write", no_release)},
      {"no_barrier_before_fence", COUNTED(no_barrier_before_fence),
       read("@partials_read", "@uncovered_write", no_release)},
      {"no_warp_meeting_before_fence", within_half_a_warp,
       read("@unmet_read", "@unmet_write", no_release)},
      {"no_fence_after_counter", COUNTED(no_fence_after_counter),
       read("@partials_read", "@unacquired_write", no_acquire)},
      {"no_barrier_after_counter", COUNTED(no_barrier_after_counter),
       "race: .*the shared array last|reads 1 byte at @answer_load that nothing has written"},
      {"another_threads_counter", COUNTED(another_threads_counter),
       race("@another_read", "@another_write")},
      {"no_fence_between_counters", COUNTED(no_fence_between_counters),
       race("@partials_read", "@paired_write")},
      {"every_block_is_last", COUNTED(every_block_is_last),
       race("@partials_read", "@every_block_write")},
      {"reader_without_ticket", COUNTED(reader_without_ticket),
       race("@partials_read", "@without_ticket_write")},
      {"plain_read_of_counter", COUNTED(plain_read_of_counter),
       "(" + race("atomically changes .*@counted_up", "of block .* read it, at @peek") + "|" +
           race("reads .*@peek", "of block .* atomically changed it, at @counted_up") + ")"},
      {"set_by_first_block", COUNTED(set_by_first_block),
       race("@counter_set", "@counter_used") + ".*nothing orders the blocks"},
      {"counter_of_two_launches", counter_of_two_launches,
       "race: .* atomically changes .*@wraps_too_late.*, and thread .* of block .* of kernel count "
       "atomically changed it, .*no stream or event puts them in order"},
      {"counter_not_reset", COUNTED(counter_not_reset), not_reset("4", "@not_reset")},
      {"int_counter_not_reset", COUNTED(int_counter_not_reset),
       not_reset("4294967288", "@int_not_reset")},
      {"wraps_too_late", COUNTED(wraps_too_late), not_reset("4", "@wraps_too_late")},
      {"left_exchanged", COUNTED(left_exchanged), not_reset("5", "@left_exchanged")},
      {"counter_in_shared_memory", COUNTED(counter_in_shared_memory),
       "thread .* atomically changes 4 bytes at @shared_counter of shared memory: check mode knows "
       "atomic operations on device memory alone"},
      {"counter_past_end", COUNTED(counter_past_end),
       "thread \\(0,0,0\\) atomically changes 4 bytes at @counter_past_end.*, 0 bytes past the "
       "end"},
      {"unwritten_counter",
       [](bool wrong) { return counted("unwritten_counter", unwritten_counter, 64, !wrong); },
       "block \\(\\d,0,0\\): thread \\(0,0,0\\) atomically changes 4 bytes at @unwritten_counter.* "
       "that "
       "nothing has written"},
  };
}

}  // namespace dcgan::test
