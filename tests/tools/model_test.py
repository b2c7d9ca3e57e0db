"""tools/model: work counted by hand, and times where one limit alone decides."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "model"))
import model  # noqa: E402
from gpus import ADA, GPUS, Gpu, card_of  # noqa: E402
from work import Work, works_of  # noqa: E402


def kernel(function, grid, threads, *lines, **work):
    """As `dcgan_cuda kernels --json` describes it."""
    return {"name": "launched_so", "function": function, "bytes": 0, "fmas": 0, "slices": 0, "instructions": 0,
            "double_instructions": 0, "grid": grid, "block": [threads, 1, 1], "dynamic_shared_bytes": 0,
            "lines": lines, **work}


def code_of(**entry):
    """Machine code of any kernel, of two capabilities."""
    entry = {"registers": 128, "static_shared_bytes": 16896, "double_precision_instructions": 100,
             "loads_in_flight_by_bits": {"32": 8, "128": 4},
             "inner_loop": {"instructions": 600, "fmas": 512}, **entry}
    return CodeOfAnyKernel({75: entry})


class CodeOfAnyKernel(dict):
    def __contains__(self, kernel):
        return True

    def __missing__(self, kernel):
        return dict(self)


CODE = code_of()


class WorkOfAProfile(unittest.TestCase):
    def test_what_launches_declare_is_taken_as_it_is(self):
        product, parts = works_of({"label": "dense 256x512->768 forward", "kernels": [
            kernel("product_kernel<Tile<128, 128>, true>", [2, 6, 3], 256, bytes=123, fmas=456, slices=22),
            kernel("sum_few_parts_kernel<4>", [768, 1, 1], 256, bytes=789, instructions=5, double_instructions=7)]})
        self.assertEqual((product.kernel, product.blocks, product.threads),
                         ("product_kernel<Tile<128, 128>, true>", 36, 256))
        self.assertEqual((product.moved_bytes, product.flops, product.slices), (123, 912, 22))
        self.assertEqual(product.name, "dense 256x512->768 forward: launched so")
        self.assertEqual(parts.name, "dense 256x512->768 forward: launched so, parts")
        self.assertEqual((parts.moved_bytes, parts.instructions, parts.double_instructions), (789, 5, 7))

    def test_what_the_profile_counted_is_added_up(self):
        lines = [{"space": "global", "access": "load", "width_bytes": 16, "requests": 6, "sectors": 100},
                 {"space": "shared", "access": "store", "width_bytes": 4, "requests": 4, "wavefronts": 8},
                 {"space": "global", "access": "load", "width_bytes": 16, "requests": 1, "sectors": 11},
                 {"space": "global", "access": "load", "width_bytes": 4, "requests": 1, "sectors": 1,
                  "line": "arrival.h:15 in batch_norm.cu:40"}]
        (work,) = works_of({"label": "adam 1000", "kernels": [kernel("adam_kernel<4>", [1, 1, 1], 256, *lines)]})
        self.assertEqual(work.sector_bytes, 32 * 112)
        self.assertEqual(work.shared_passes, 8)
        self.assertEqual(work.requests, {("LDG", 128): 7, ("STS", 32): 4})


class Times(unittest.TestCase):
    """Work with one bound that decides; model.LAUNCH_US is added to each."""

    def microseconds(self, work, card, code=CODE):
        return model.time_of(work, GPUS[card], code).microseconds - model.LAUNCH_US

    def test_dram_bounds_what_does_not_fit_the_cache(self):
        # 3.35 GB do not stay in the L2 cache: a millisecond of the H100's DRAM, of which 9/10 are reached.
        work = Work("", "k", 10000, 256, moved_bytes=3.35e9)
        self.assertEqual(model.time_of(work, GPUS["H100"], CODE).bound, "DRAM")
        self.assertAlmostEqual(self.microseconds(work, "H100"), 1000 / 0.9)

    def test_a_launch_bounds_what_the_cache_serves_faster(self):
        # 21 bytes per cycle from each multiprocessor.
        work = Work("", "k", 100, 256, moved_bytes=21 * 132 * 1980, sector_bytes=21 * 132 * 1980)
        self.assertEqual(model.time_of(work, GPUS["H100"], CODE).bound, "launch")
        self.assertAlmostEqual(self.microseconds(work, "H100"), 1)

    def test_arithmetic_bounds_the_tiled_product(self):
        # One block of 8 warps on each of 132 multiprocessors, 1000 slices of 600 instructions, two warps
        # to a scheduler.
        work = Work("", "product_kernel", 132, 256, slices=1000)
        self.assertEqual(model.time_of(work, GPUS["H100"], CODE).bound, "arithmetic")
        self.assertAlmostEqual(self.microseconds(work, "H100"),
                               (2 * 1000 * 600 + model.BLOCK_LATENCY) / 1980)
        # One block more is a second one somewhere: twice as long, but for the latency.
        self.assertAlmostEqual(self.microseconds(Work("", "product_kernel", 133, 256, slices=1000), "H100"),
                               (2 * 2 * 1000 * 600 + model.BLOCK_LATENCY) / 1980)
        # 64 lanes: an FMA takes a scheduler two cycles, more than its instructions.
        self.assertAlmostEqual(self.microseconds(Work("", "product_kernel", 108, 256, slices=1000), "A100"),
                               (2 * 1000 * 1024 + model.BLOCK_LATENCY) / 1410)

    def test_the_cache_bounds_what_fits_half_of_it(self):
        # What fits half of the L2 cache comes from it alone.
        work = Work("", "k", 10000, 256, moved_bytes=1e6, sector_bytes=21 * 132 * 1.98e6)
        self.assertEqual(model.time_of(work, GPUS["H100"], CODE).bound, "L2")
        self.assertAlmostEqual(self.microseconds(work, "H100"), 1000)

    def test_the_busiest_multiprocessor_bounds_shared_memory(self):
        # 133 blocks on 132 multiprocessors: one has two, each a 133rd of the passes.
        work = Work("", "k", 133, 256, shared_passes=133 * 1980e3)
        self.assertEqual(model.time_of(work, GPUS["H100"], CODE).bound, "shared memory")
        self.assertAlmostEqual(self.microseconds(work, "H100"), 2000)

    def test_two_lanes_bound_double_precision(self):
        work = Work("", "k", 1280, 64, double_instructions=100)
        self.assertEqual(model.time_of(work, GPUS["RTX 4090"], CODE).bound, "double")
        self.assertAlmostEqual(self.microseconds(work, "RTX 4090"), 20 * 100 * 16 / 2520)

    def test_latency_bounds_serial_loads(self):
        # One block of 8 warps, 64 loads each: the H100's L2 answers after 263 cycles. Eight at a time are
        # waited for 8 times, one at a time 64 times.
        work = Work("", "k", 1, 256, moved_bytes=1, requests={("LDG", 32): 8 * 64, ("STG", 32): 999})
        one = code_of(loads_in_flight_by_bits={"32": 1, "128": 16})
        self.assertAlmostEqual(self.microseconds(work, "H100"), 8 * 263 / 1980, 5)
        self.assertAlmostEqual(self.microseconds(work, "H100", one), 64 * 263 / 1980, 5)
        self.assertEqual(model.time_of(work, GPUS["H100"], one).bound, "latency")
        # What is not in the L2 cache is farther away.
        far = Work("", "k", 1, 256, moved_bytes=25.1e6, requests={("LDG", 128): 8 * 64})
        self.assertAlmostEqual(self.microseconds(far, "H100"),
                               ((25.1 / 3.35 / 0.9) ** 3 + (16 * 479 / 1980) ** 3) ** (1 / 3), 5)

    def test_blocks_that_do_not_fit_at_once_wait_one_after_the_other(self):
        # 128 registers of 256 threads: two blocks to a multiprocessor. Five blocks on each are 3 rounds.
        work = Work("", "k", 5 * 132, 256, moved_bytes=1, requests={("LDG", 32): 5 * 132 * 8})
        self.assertAlmostEqual(self.microseconds(work, "H100"), 3 * 263 / 1980, 5)
        # The same with few registers but 80 KiB more of shared memory.
        few = code_of(registers=32)
        self.assertAlmostEqual(self.microseconds(work, "H100", few), 263 / 1980, 5)
        work.dynamic_shared_bytes = 80 * 1024
        self.assertAlmostEqual(self.microseconds(work, "H100", few), 3 * 263 / 1980, 5)

    def test_bounds_overlap_but_not_fully(self):
        equal = Work("", "k", 132, 256, slices=1000, shared_passes=132 * 2 * 1000 * 600)
        alone = Work("", "k", 132, 256, slices=1000)
        latency = model.BLOCK_LATENCY / 1980
        self.assertAlmostEqual((self.microseconds(equal, "H100") - latency) /
                               (self.microseconds(alone, "H100") - latency), 2 ** (1 / 3))

    def test_a_card_of_little_power_does_not_hold_its_boost_clock(self):
        work = Work("", "k", 40, 256, shared_passes=40 * 1087.5)
        self.assertAlmostEqual(self.microseconds(work, "T4"), 1)  # (585 + 1590) / 2 MHz


class ReportedProducts(unittest.TestCase):
    """Square products in single precision that others measured, against a kernel of 128 x 128 tiles with 600
    instructions per 512 multiply-adds (docs/kernels-machine-code.md)."""

    def teraflops(self, gpu, m, n, k):
        blocks, slices = m // 128 * (n // 128), k // 8
        # Per warp and slice 8 x 4 loads of 4 passes; stores of 256 x 8 values by 8 warps.
        passes = blocks * 8 * slices * (8 * 4 * 4 + 8)
        work = Work("", "k", blocks, 256, slices=slices, shared_passes=passes,
                    moved_bytes=4 * (m * k + k * n + m * n), sector_bytes=blocks * 256 * k * 4)
        return 2 * m * n * k / model.time_of(work, gpu, CODE).microseconds * 1e-6

    def test_h100_follows_the_measured_rate(self):
        self.assertAlmostEqual(self.teraflops(GPUS["H100"], 4096, 4096, 4096) / 45.6, 1, delta=0.1)

    def test_a100_and_rtx_4070_ti_follow_the_measured_rates(self):
        # github.com/Yinghan-Li/YHs_Sample/issues/4: a kernel by hand, cuBLAS 18.88 and 29.17.
        self.assertAlmostEqual(self.teraflops(GPUS["A100 80GB"], 5120, 4096, 4096) / 18.49, 1, delta=0.1)
        ti = Gpu("RTX 4070 Ti", 89, ADA, 60, 2.610, 504, 48)
        self.assertAlmostEqual(self.teraflops(ti, 5120, 4096, 4096) / 27.58, 1, delta=0.1)


class TensorCores(unittest.TestCase):
    LOOP = {"instructions": 300, "fmas": 0, "mmas": 96}

    def test_a_slice_takes_its_products_or_its_instructions(self):
        # Four blocks of four warps, 1000 slices each, on each of an A100's multiprocessors: 96 products of
        # 1024 multiply-adds, of which 512 are done in a cycle.
        work = Work("", "k", 4 * 108, 128, slices=1000)
        cycles = 4 * 4 * 1000 * 96 * 1024 / 512
        time = model.time_of(work, GPUS["A100"], code_of(inner_loop=self.LOOP))
        self.assertAlmostEqual(time.microseconds, model.LAUNCH_US + (cycles + model.BLOCK_LATENCY) / 1410, places=3)
        many = code_of(inner_loop={**self.LOOP, "instructions": 2 * 96 * 1024 * 4 // 512})
        self.assertAlmostEqual(model.time_of(work, GPUS["A100"], many).microseconds,
                               model.LAUNCH_US + (2 * cycles + model.BLOCK_LATENCY) / 1410, places=3)

    def test_cards_without_are_left_out(self):
        self.assertEqual(model.cards_for({"precision": "tf32x3"}, ["T4", "A100"]), ["A100"])
        self.assertEqual(model.cards_for({"precision": "fp32"}, ["T4", "A100"]), ["T4", "A100"])

    def test_an_asynchronous_copy_is_one_instruction(self):
        lines = [{"space": space, "access": access, "width_bytes": 16, "requests": 3, "sectors": 12, "wavefronts": 6,
                  "line": "async_copy.h:20 in conv.cu:40"} for space, access in (("global", "load"), ("shared", "store"))]
        (work,) = works_of({"label": "dense", "kernels": [kernel("k", [1, 1, 1], 256, *lines)]})
        self.assertEqual(work.requests, {("LDGSTS", 128): 3})
        self.assertEqual((work.sector_bytes, work.shared_passes), (32 * 12, 6))


class Widths(unittest.TestCase):
    def test_a_width_that_is_not_in_the_machine_code_is_reported(self):
        work = Work("", "k", 1, 32, requests={("LDG", 128): 5, ("STS", 32): 1})
        code = {"k": {90: {"accesses_by_bits": {"LDG": {"32": 4}, "STS": {"32": 1}}}}}
        (line,) = model.strange_widths([[(work, {})]], ["H100"], code)
        self.assertIn("LDG.128", line)
        code["k"][90]["accesses_by_bits"]["LDG"]["128"] = 1
        self.assertEqual(model.strange_widths([[(work, {})]], ["H100"], code), [])


class Cards(unittest.TestCase):
    def test_names_of_drivers_are_known(self):
        for device, card in [("NVIDIA H200", "H200"), ("NVIDIA H100 80GB HBM3", "H100"),
                             ("NVIDIA H100 PCIe", "H100 PCIe"), ("Tesla T4", "T4"), ("NVIDIA B200", "B200"),
                             ("NVIDIA GB200", "GB200"), ("NVIDIA L4", "L4"), ("NVIDIA L40S", "L40S"),
                             ("NVIDIA A10", "A10"), ("NVIDIA A10G", "A10G"),
                             ("NVIDIA A100-SXM4-40GB", "A100"), ("NVIDIA A100 80GB PCIe", "A100 80GB"),
                             ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000 Server")]:
            self.assertEqual(card_of(f"cuda, {device}, compute capability 9.0, 81559 MiB, CUDA 13.0"), card)

    def test_what_only_resembles_a_known_card_is_unknown(self):
        for device in ["NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA GeForce RTX 4090 Laptop GPU",
                       "NVIDIA H300", "NVIDIA A1000"]:
            self.assertIsNone(card_of(f"cuda, {device}, compute capability 9.0"))

    def test_peaks_are_those_of_the_data_sheets(self):
        for card, tflops in [("T4", 8.1), ("A100", 19.5), ("A10", 31.2), ("L4", 30.3), ("L40S", 91.6),
                             ("H100", 67), ("H100 PCIe", 51), ("H100 NVL", 60), ("H200", 67), ("GB200", 80),
                             ("RTX 4090", 82.6), ("RTX 5090", 104.8), ("RTX PRO 6000", 125),
                             ("RTX PRO 6000 Server", 120)]:
            self.assertAlmostEqual(GPUS[card].tflops / tflops, 1, delta=0.01, msg=card)

    def test_code_of_a_newer_card_is_the_newest_reported(self):
        code = {"k": {80: "old", 90: "new"}}
        self.assertEqual([model.code_for("k", c, code) for c in (80, 89, 90, 120)], ["old", "old", "new", "new"])
        with self.assertRaisesRegex(model.ModelError, "k for sm_75 is not in the machine code report"):
            model.code_for("k", 75, code)
        with self.assertRaisesRegex(model.ModelError, "unknown for sm_90 is not in the machine code report"):
            model.code_for("unknown", 90, code)


class Measured(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "measured.json"
        self.preset = {"preset": "dcgan", "batch_size": 256, "flops": 1e9}
        everywhere = {name: model.Time(250, "DRAM") for name in GPUS}
        self.times = [(Work("conv2d 256x28x28x1->32 k5 /2 forward", "k", 1, 1), everywhere),
                      (Work("conv2d 256x28x28x1->32 k5 /2 backward", "w", 1, 1, flops=3), everywhere),
                      (Work("conv2d 256x28x28x1->32 k5 /2 backward", "w", 1, 1, flops=4), everywhere)]

    def compare(self, **changes):
        # As bench/train_step --ops --json writes it.
        self.path.write_text(json.dumps([{
            "preset": "dcgan", "device": "cuda, NVIDIA H200, compute capability 9.0, 143771 MiB, CUDA 13.0",
            "batch_size": 256, "width": 1, "threads": 0, "peak_gflop_per_s": 0.0, "median_ms": 1.5,
            "minimum_ms": 1.4, "gflop_per_step": 28.3,
            "ops": [{"op": "conv2d 256x28x28x1->32 k5 /2 backward", "ms_per_step": 1, "gflop_per_step": 1},
                    {"op": "conv2d 256x28x28x1->32 k5 /2 forward", "ms_per_step": 0.5, "gflop_per_step": 1},
                    {"op": "copy 8", "ms_per_step": 0.1, "gflop_per_step": 0}], **changes}]))
        (comparison,) = model.compare(self.path, [self.preset], [self.times])
        return comparison

    def test_the_step_and_each_op_have_their_ratio(self):
        step, backward, forward = self.compare().text()
        self.assertEqual(step, "dcgan: 1.500 ms measured, 0.750 ms modelled on H200: ratio 2.00")
        self.assertIn("backward", backward)
        self.assertIn("1.000 ms measured     0.500 ms modelled  ratio 2.00", backward)
        self.assertIn("0.500 ms measured     0.250 ms modelled  ratio 2.00", forward)

    def test_an_unknown_card_is_named_in_one_line(self):
        (line,) = self.compare(device="cuda, NVIDIA X9000, compute capability 13.0").text()
        self.assertTrue(line.startswith("dcgan: 1.500 ms measured on cuda, NVIDIA X9000, compute capability "
                                        "13.0, a device that the model does not know; it knows T4, "))

    def test_another_batch_has_no_model(self):
        (line,) = self.compare(batch_size=64).text()
        self.assertEqual(line, "dcgan: 1.500 ms measured at batch 64 on H200, of which no profile was given")

    def test_a_file_of_another_kind_is_refused(self):
        for text in ['[{"quantity": "threads", "value": 2, "median_ms": 3}]', "{}", "nothing"]:
            self.path.write_text(text)
            with self.assertRaisesRegex(model.ModelError, str(self.path)):
                model.compare(self.path, [self.preset], [self.times])

    def test_json_has_cards_presets_and_measurements(self):
        written = model.as_json([self.preset], [self.times], ["H200", "T4"], [self.compare()])
        self.assertEqual([card["card"] for card in written["cards"]], ["H200", "T4"])
        self.assertEqual(written["cards"][0]["device"], "NVIDIA H200")  # a pattern of the driver's name
        (preset,) = written["cards"][0]["presets"]
        self.assertEqual((preset["preset"], preset["step_ms"], preset["launches"]), ("dcgan", 0.75, 3))
        (weights,) = (k for k in preset["kernels"] if k["kernel"] == "w")
        self.assertEqual((weights["launches"], weights["ms"], weights["bound"], weights["flops"]),
                         (2, 0.5, "DRAM", 7))
        self.assertEqual(written["measured"][0]["card"], "H200")
        json.dumps(written)

    def test_the_program_compares_cards_that_it_does_not_show(self):
        profile, code = self.path.parent / "profile.json", self.path.parent / "code.json"
        profile.write_text(json.dumps({"preset": "dcgan", "batch_size": 256, "ops": [
            {"label": "adam 1000", "flops": 12000,
             "kernels": [kernel("adam_kernel<4>", [1, 1, 1], 256, bytes=28000)]}]}))
        code.write_text(json.dumps([{"kernel": "adam_kernel<4>", "compute_capability": 75, "registers": 32,
                                     "static_shared_bytes": 0, "double_precision_instructions": 0,
                                     "loads_in_flight_by_bits": {}, "accesses_by_bits": {}}]))
        self.compare()
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = model.main(["--profile", str(profile), "--machine-code", str(code), "--gpus", "T4",
                                 "--measured", str(self.path), "--json", str(self.path.parent / "out.json")])
        self.assertEqual(status, 0)
        self.assertRegex(output.getvalue(), "dcgan: 1.500 ms measured, 0.00[0-9]+ ms modelled on H200")
        self.assertNotIn("H200  ", output.getvalue())
        written = json.loads((self.path.parent / "out.json").read_text())
        self.assertEqual([card["card"] for card in written["cards"]], list(GPUS))


if __name__ == "__main__":
    unittest.main()
