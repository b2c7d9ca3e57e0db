// How the wrong kernels with asynchronous copies are launched, and what must be reported of each.
#include "simt/wrong_copy_code.h"
#include "simt/wrong_kernels.h"
#include "simt/wrong_launch.h"

namespace dcgan::test {

std::vector<WrongKernel> wrong_copies() {
  using namespace DCGAN_TARGET;
#define COPYING(kernel)                                \
  [](bool wrong) {                                     \
    const Floats in(64), out(64);                      \
    return LAUNCHED(wrong, kernel, 1, 64, 0, in, out); \
  }
  // Of a word on which a copy is under way.
  const auto pending = [](const std::string& access, const std::string& copy) {
    return "race: thread .* byte \\d+ of the shared array .*, at .*" + access +
           ".*, and thread .* began to copy to it, at .*" + copy +
           ".*, a copy that has not been waited for";
  };
  return {
      {"a_wait_too_few", COPYING(a_wait_too_few), pending("@too_few_read", "@too_few_copy")},
      {"copy_in_no_group", COPYING(copy_in_no_group), pending("@no_group_read", "@no_group_copy")},
      {"no_barrier_after_wait", COPYING(no_barrier_after_wait),
       pending("@no_barrier_read", "@no_barrier_copy") + "|" +
           race("@no_barrier_read", "@no_barrier_wait") + ".*no barrier between"},
      {"no_syncwarp_after_wait", COPYING(no_syncwarp_after_wait),
       pending("@no_syncwarp_read", "@no_syncwarp_copy") + "|" +
           race("@no_syncwarp_read", "@no_syncwarp_wait") + "|" +
           race("@no_syncwarp_copy", "@no_syncwarp_read") + ".*no __syncwarp or barrier between"},
      {"stage_overwritten", COPYING(stage_overwritten),
       "race: thread .* copies to byte .*@overwriting_copy, and thread .* read it, at "
       "@overwritten_stage, with no barrier between|" +
           pending("@overwritten_stage", "@overwriting_copy") + "|" +
           race("@overwritten_stage", "@overwriting_wait") + ", with no barrier between"},
      {"store_to_pending", COPYING(store_to_pending), pending("@pending_store", "@pending_copy")},
      {"copied_to_twice", COPYING(copied_to_twice), pending("@second_copy", "@first_copy")},
      {"never_waited_for", COPYING(never_waited_for),
       "thread \\(40,0,0\\) returns without having waited for 1 of its asynchronous copies"},
      {"copy_from_misaligned",
       [](bool wrong) {
         const Floats in(64), out(64);
         return LAUNCHED(wrong, misaligned_copy, 1, 64, 0, wrong ? 2U : 4U, 4U, in, out);
       },
       "thread \\(3,0,0\\) reads 16 bytes at .*@misaligned_copy, at an address that is 8 more"},
      {"copy_to_misaligned",
       [](bool wrong) {
         const Floats in(64), out(64);
         return LAUNCHED(wrong, misaligned_copy, 1, 64, 0, 4U, wrong ? 2U : 4U, in, out);
       },
       "thread \\(3,0,0\\) copies to 16 bytes at .*@misaligned_copy, at an address that is 8 more"},
      {"copy_past_end", COPYING(copy_past_end),
       "thread \\(63,0,0\\) reads 4 bytes at .*@copy_past_end, 0 bytes past the end of an "
       "allocation of 256 bytes"},
      {"copy_past_shared_end", COPYING(copy_past_shared_end),
       "thread \\(63,0,0\\) copies to 4 bytes at .*@copy_past_shared_end, 0 bytes past the end of "
       "the shared array tile"},
      {"copy_to_global", COPYING(copy_to_global),
       "thread .* copies to 4 bytes at .*@copy_to_global outside shared memory"},
      {"copy_from_shared", COPYING(copy_from_shared),
       "thread .* reads 4 bytes at .*@copy_from_shared of shared memory, to be copied from global"},
      {"copy_of_unwritten",
       [](bool wrong) {
         const Floats in(64, !wrong), out(64);
         return launched("copy", no_barrier_after_wait<false>, 1, 64, 0, in, out);
       },
       "block \\(0,0,0\\): thread \\(0,0,0\\) reads 4 bytes at .*@no_barrier_copy that nothing has "
       "written"},
      {"missing_mma_lane",
       [](bool wrong) {
         const Floats out(64);
         return LAUNCHED(wrong, missing_mma_lane, 1, 64, 0, out);
       },
       "thread \\(\\d+,0,0\\) waits in mma.sync, .*, for thread \\(7,0,0\\), which has returned"},
  };
}

}  // namespace dcgan::test
