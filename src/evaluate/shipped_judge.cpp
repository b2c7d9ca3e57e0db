// The judge's weights, which the assembler copies into the program.
#include <cstddef>
#include <span>

#include "dcgan/error.h"
#include "evaluate/judge.h"

#ifdef DCGAN_JUDGE
asm(R"(.pushsection .rodata
.balign 64
dcgan_judge_begin:
.incbin ")" DCGAN_JUDGE R"("
dcgan_judge_end:
.popsection)");
extern "C" const std::byte dcgan_judge_begin[], dcgan_judge_end[];
#endif

namespace dcgan {

SafetensorsFile shipped_judge() {
#ifdef DCGAN_JUDGE
  return {"the judge", std::span(dcgan_judge_begin, dcgan_judge_end)};
#else
  throw Error("this build has no judge of its own; name a checkpoint of a classifier with --judge");
#endif
}

}  // namespace dcgan
