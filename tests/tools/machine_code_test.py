"""tools/machine_code on recorded snippets of ptxas and cuobjdump, and its rules on kernels made up."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "machine_code"))
import disassembly  # noqa: E402
import kernels  # noqa: E402
import page  # noqa: E402
import render  # noqa: E402
import rules  # noqa: E402
from occupancy import occupancy  # noqa: E402

# cuobjdump -sass, cut short: an outer loop from 0x0010 around an inner one from 0x0030, a later loop
# without an FMA, and the branch on itself that ends a function.
SASS = """
\tcode for sm_90
\t.target\tsm_90

\t\tFunction : _Z4loopPf
\t.headerflags\t@"EF_CUDA_SM90"
        /*0000*/                   LDC R1, c[0x0][0x28] ;                /* 0x00000a00ff017b82 */
                                                                         /* 0x000fe20000000800 */
        /*0010*/                   LDG.E.128 R4, desc[UR4][R2.64] ;      /* 0x0 */
        /*0018*/                   FFMA R23, R4, R5, R23 ;               /* 0x0 */
        /*0020*/                   STS.128 [R0], R4 ;                    /* 0x0 */
        /*0030*/                   LDS.128 R8, [R0+0x10] ;               /* 0x0 */
        /*0040*/                   FFMA R20, R8, R9, R20 ;               /* 0x0 */
        /*0050*/                   FFMA R21, R8.reuse, R10, R21 ;        /* 0x0 */
        /*0060*/               @P0 FFMA R22, R8, R11, R22 ;              /* 0x0 */
        /*0070*/              @!P1 BRA 0x30 ;                            /* 0x0 */
        /*0080*/               @P2 BRA 0x10 ;                            /* 0x0 */
        /*0090*/                   LDG.E.U8 R3, desc[UR4][R2.64] ;       /* 0x0 */
        /*00a0*/                   LD.E.128 R12, desc[UR4][R2.64] ;      /* 0x0 */
        /*00b0*/                   DFMA R6, R6, R8, R10 ;                /* 0x0 */
        /*00c0*/                   IADD3 R0, R0, 0x1, RZ ;               /* 0x0 */
        /*00d0*/               @P3 BRA 0xc0 ;                            /* 0x0 */
        /*00e0*/                   STG.E desc[UR4][R2.64], R20 ;         /* 0x0 */
        /*00f0*/                   EXIT ;                                /* 0x0 */
        /*0100*/                   BRA 0x100;                            /* 0x0 */
\t\tFunction : _Z5otherv
        /*0000*/                   EXIT ;                                /* 0x0 */
        /*0010*/                   BRA 0x10;                             /* 0x0 */
"""

PTXAS = """
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z4loopPf' for 'sm_120'
ptxas info    : Function properties for _Z4loopPf
    32 bytes stack frame, 28 bytes spill stores, 40 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 32 bytes cumulative stack size, 2048 bytes smem
ptxas info    : Compiling entry function '_Z5otherv' for 'sm_120'
ptxas info    : Function properties for _Z5otherv
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 16 registers, used 0 barriers, 432 bytes cmem[0]
"""

USAGE = """
arch = sm_75
Resource usage:
 Common:
  GLOBAL:0
 Function _Z4loopPf:
  REG:31 STACK:0 SHARED:1024 LOCAL:0 CONSTANT[0]:464 TEXTURE:0 SURFACE:0 SAMPLER:0
arch = sm_90
 Function _Z4loopPf:
  REG:40 STACK:8 SHARED:2048 LOCAL:0 CONSTANT[0]:464 TEXTURE:0 SURFACE:0 SAMPLER:0
"""

ELF = """
.nv.info._Z4loopPf
\t<0x1>
\tAttribute:\tEIATTR_CUDA_API_VERSION
\tFormat:\tEIFMT_SVAL
\tValue:\t0x82 
\tAttribute:\tEIATTR_MAX_THREADS
\tFormat:\tEIFMT_SVAL
\tValue:\t0x20 0x4 0x1 
"""


class Disassembly(unittest.TestCase):
    def setUp(self):
        self.functions = disassembly.functions(SASS)

    def test_functions_have_their_name_capability_and_instructions(self):
        self.assertEqual([f.name for f in self.functions], ["_Z4loopPf", "_Z5otherv"])
        self.assertEqual(self.functions[0].capability, 90)
        self.assertEqual(len(self.functions[0].instructions), 18)

    def test_inner_loop_is_the_innermost_with_fmas(self):
        loop = disassembly.inner_loop(self.functions[0].instructions)
        self.assertEqual((loop[0].address, loop[-1].address), (0x30, 0x70))
        self.assertEqual(disassembly.fma_count(loop), 3)
        self.assertEqual(disassembly.inner_loop(self.functions[1].instructions), [])

    def test_accesses_are_counted_by_kind_and_width(self):
        self.assertEqual(disassembly.accesses(self.functions[0].instructions),
                         {"LDG": {8: 1, 128: 1}, "STS": {128: 1}, "LDS": {128: 1},
                          "LD": {128: 1}, "STG": {32: 1}})
        self.assertEqual(disassembly.double_count(self.functions[0].instructions), 1)

    def test_a_loop_on_tensor_cores_comes_before_one_with_more_fmas(self):
        line = "        /*{:04x}*/                   {} ;  /* 0x0 */\n"
        body = ["FFMA R0, R1, R2, R3", "FFMA R0, R1, R2, R3", "BRA 0x0", "HMMA.1688.F32.TF32 R4, R8, R12, R4", "BRA 0x30"]
        (function,) = disassembly.functions("code for sm_90\n\t\tFunction : k\n" + "".join(
            line.format(16 * i, text) for i, text in enumerate(body)))
        loop = disassembly.inner_loop(function.instructions)
        self.assertEqual((disassembly.mma_count(loop), len(loop)), (1, 2))

    def test_packed_fma_counts_twice(self):
        two = [disassembly.Instruction(0, "FFMA2"), disassembly.Instruction(16, "FFMA.FTZ")]
        self.assertEqual(disassembly.fma_count(two), 3)


class LoadsInFlight(unittest.TestCase):
    def of(self, *lines):
        text = "code for sm_90\n\t\tFunction : k\n" + "".join(
            f"        /*{16 * i:04x}*/  {line} ; /* 0x0 */\n" for i, line in enumerate(lines))
        return disassembly.loads_in_flight(disassembly.functions(text)[0].instructions)

    def test_loads_used_one_by_one_are_one_in_flight(self):
        self.assertEqual(self.of("LDG.E.128 R8, desc[UR4][R2.64]", "FADD R4, R8, R4",
                                 "LDG.E.128 R8, desc[UR4][R2.64+0x10]", "FADD R4, R11, R4"), {128: 1})

    def test_loads_count_until_the_first_is_used(self):
        self.assertEqual(self.of("@P1 LDG.E R8, desc[UR4][R2.64]", "IADD3 R2, R2, 0x20, RZ",
                                 "LDG.E R9, [R2]", "@P0 BRA 0x80", "LDG.E R7, [R2]",
                                 "LDG.E.128 R12, desc[UR4][R2.64]", "FADD R4, R8, R4", "FADD R4, R12, R15",
                                 "LDG.E R9, [R2]", "FADD R4, R9, R4"), {32: 3, 128: 1})

    def test_an_address_that_was_loaded_is_waited_for(self):
        self.assertEqual(self.of("LDG.E R2, [R6]", "LDG.E R4, [R2]", "LDG.E R5, [R6]"), {32: 2})

    def test_the_fourth_register_of_a_wide_load_counts(self):
        self.assertEqual(self.of("LDG.E.128 R8, [R2]", "MOV R0, R11", "LDG.E.128 R16, [R2]"), {128: 1})

    def test_code_behind_a_jump_is_another_path(self):
        self.assertEqual(self.of("LDG.E R8, [R2]", "BRA 0x100", "LDG.E R9, [R2]", "EXIT"), {32: 1})


class Resources(unittest.TestCase):
    def test_ptxas_reports_registers_stack_and_spills(self):
        found = disassembly.ptxas_resources(PTXAS)
        self.assertEqual(found["_Z4loopPf"], disassembly.Resources(40, 2048, 32, 28, 40))
        self.assertEqual(found["_Z5otherv"], disassembly.Resources(16, 0, 0, 0, 0))

    def test_a_librarys_shared_memory_leaves_out_what_the_system_reserves(self):
        found = disassembly.library_resources(USAGE)
        self.assertEqual(found[75, "_Z4loopPf"].shared_bytes, 1024)
        self.assertEqual(found[90, "_Z4loopPf"].shared_bytes, 1024)
        self.assertIsNone(found[90, "_Z4loopPf"].spill_store_bytes)

    def test_threads_are_those_of_the_launch_bounds(self):
        self.assertEqual(disassembly.block_threads(ELF), {"_Z4loopPf": 128})


class OccupancyOnPaper(unittest.TestCase):
    """By hand: 65536 registers in four quarters, given to warps in units of 256."""

    def test_registers_limit_the_blocks(self):
        # 144 registers: 4608 per warp, 3 warps in a quarter of 16384, 12 in all: one block of 8.
        one = occupancy(90, 141, 256, 33792)
        self.assertEqual((one.blocks, one.warps, one.limited_by), (1, 8, "registers"))
        # 128 registers: 4096 per warp, 16 warps: two blocks, which Turing's 64 KiB hold only once.
        self.assertEqual(occupancy(80, 128, 256, 33792).blocks, 2)
        turing = occupancy(75, 128, 256, 33792)
        self.assertEqual((turing.blocks, turing.limited_by), (1, "shared memory"))

    def test_registers_are_rounded_up(self):
        # 100 registers: 3200 per warp become 3328, 4 warps in a quarter; 3200 would fit 5 times.
        self.assertEqual(occupancy(90, 100, 128, 0).blocks, 4)

    def test_warps_and_reserved_shared_memory_limit_the_blocks(self):
        full = occupancy(75, 32, 256, 0)
        self.assertEqual((full.blocks, full.share), (4, 1.0))
        # 45 KiB + 1 KiB reserved fit four times into Hopper's 228 KiB; 45 KiB alone would five times.
        self.assertEqual(occupancy(90, 32, 64, 45 * 1024).blocks, 4)


def made_up(name="product_kernel<Tile<128, 32, 1>, A<true>, B<true>, true, ForwardFinish>", *, spill=0, loop=100, fmas=90,
            shared=None, accesses=None, in_flight=None):
    return kernels.Kernel(name, 90, disassembly.Resources(100, 0, spill, spill, 0), 256,
                          occupancy(90, 100, 256, 0), 1000, accesses or {}, 0, loop, fmas, 0,
                          {"LDS": shared or {128: 8}}, in_flight or {})


class Rules(unittest.TestCase):
    def test_a_good_kernel_breaks_none(self):
        self.assertEqual(list(rules.violations(made_up())), [])

    def test_each_rule_names_the_kernel_that_breaks_it(self):
        broken = [("spills", made_up(spill=4)),
                  ("16 bytes", made_up(shared={32: 4, 128: 4})),
                  ("multiply-adds", made_up(fmas=int(100 * rules.LEAST_FMA_SHARE["Tile<128, 32, 1>"]) - 1)),
                  ("no inner loop", made_up(loop=0, fmas=0)),
                  ("generic", made_up(accesses={"LD": {128: 2}}))]
        for word, kernel in broken:
            sentences = list(rules.violations(kernel))
            self.assertEqual(len(sentences), 1, word)
            self.assertIn(word, sentences[0])

    def test_other_kernels_may_have_any_loop_but_no_spill(self):
        self.assertEqual(list(rules.violations(made_up("adam_kernel<4>", loop=50, fmas=1))), [])
        self.assertEqual(len(list(rules.violations(made_up("adam_kernel<4>", spill=8)))), 1)

    def test_loads_must_be_on_their_way_together(self):
        name = "sum_parts_kernel<1>"
        (sentence,) = rules.violations(made_up(name, loop=0, fmas=0, in_flight={32: 7, 128: 9}))
        self.assertIn("7 at a time, 8 is demanded", sentence)
        self.assertEqual(list(rules.violations(made_up(name, loop=0, fmas=0, in_flight={32: 8}))), [])
        self.assertEqual(len(list(rules.violations(made_up(name, loop=0, fmas=0)))), 1)

    def test_tensor_cores_are_fed_by_copies_of_their_operands_width(self):
        for vec4, width in (("true", 128), ("false", 32)):
            name = f"product_kernel<TensorTile<1>, A<{vec4}>, B<{vec4}>, {vec4}, ForwardFinish>"
            good = made_up(name, loop=0, fmas=0, accesses={"LDGSTS": {width: 6}, "LDG": {32: 1}})
            self.assertEqual(list(rules.violations(good)), [])
            for accesses in ({}, {"LDGSTS": {64: 6}}, {"LDGSTS": {width: 6}, "LD": {32: 1}}):
                bad = made_up(name, loop=0, fmas=0, accesses=accesses)
                self.assertEqual(len(list(rules.violations(bad))), 1)

    def test_the_share_is_stated_by_tile(self):
        wide = "product_kernel<Tile<128, 128, 1>, A<true>, B<true>, true, ForwardFinish>"
        self.assertEqual(len(list(rules.violations(made_up(wide, fmas=70)))), 1)
        self.assertEqual(list(rules.violations(made_up(fmas=70))), [])
        unknown = list(rules.violations(made_up("product_kernel<Tile<32, 32, 1>, A, B, true, ForwardFinish>")))
        self.assertEqual(len(unknown), 1)
        self.assertIn("no least share", unknown[0])


class Rendering(unittest.TestCase):
    def test_markdown_keeps_what_people_wrote(self):
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page.md"
            path.write_text("before\n")
            page.write(path, "machine_code.sh", "old")
            path.write_text(path.read_text() + "after\n")
            page.write(path, "machine_code.sh", render.markdown([made_up()]))
            text = path.read_text()
            self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
            self.assertIn("| `product_kernel<Tile<128, 32, 1>, A<true>, B<true>, true, ForwardFinish>` | 100, 16, 1.11 |", text)
            self.assertNotIn("old", text)

    def test_short_names_have_no_namespaces(self):
        self.assertEqual(kernels.shorten("void dcgan::cuda::(anonymous namespace)::f<dcgan::cuda::T<1>>"),
                         "f<T<1>>")


if __name__ == "__main__":
    unittest.main()
