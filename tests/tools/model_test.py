"""tools/model: work counted by hand, and times where one limit alone decides."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "model"))
import model  # noqa: E402
from gpus import GPUS  # noqa: E402
from work import Work, works_of  # noqa: E402


def launch(name, grid, threads, *lines):
    return {"name": name, "grid": grid, "block": [threads, 1, 1], "dynamic_shared_bytes": 0, "lines": lines}


CODE_ENTRY = {"blocks_per_multiprocessor": 2, "double_precision_instructions": 100,
              "inner_loop": {"instructions": 600, "fmas": 512}}


class CodeOfAnyKernel(dict):
    def get(self, key, default=None):
        return CODE_ENTRY


class CountedWork(unittest.TestCase):
    def test_dense_forward_in_three_parts(self):
        # x [256, 512] * w [512, 768]: 2 x 6 tiles of 128 x 128; 512 / 3 = 170.7 deep, 22 slices of 8.
        op = {"op": "dense", "batch": 256, "in": 512, "out": 768, "pass": "forward",
              "launches": [launch("dense_forward", [2, 6, 3], 256), launch("dense_forward", [1536, 1, 1], 256)]}
        product, parts = works_of(op)
        self.assertEqual(product.kernel,
                         "product_kernel<Tile<128, 128>, MatrixAlongK<true>, MatrixAlongMn<true>, true>")
        self.assertEqual(product.flops, 2 * 256 * 512 * 768)
        self.assertEqual(product.slices, 22)
        self.assertEqual(product.moved_bytes, 4 * (256 * 512 + 512 * 768 + 3 * 256 * 768))
        self.assertEqual(parts.moved_bytes, 4 * 4 * 256 * 768)

    def test_transposed_convolution_is_the_adjoint(self):
        # 7x7x64 to 14x14x32, 5x5, stride 2: every weight meets every input pixel, edges as if full.
        op = {"op": "conv_transpose2d", "batch": 256, "height": 7, "width": 7, "in": 64, "out": 32,
              "kernel": 5, "stride": 2, "pass": "forward",
              "launches": [launch("conv_backward_data", [98, 1, 4], 64)]}
        (work,) = works_of(op)
        self.assertEqual(work.kernel, "conv_backward_data_kernel<Tile<128, 32>, true>")
        self.assertEqual(work.flops, 2 * 256 * 49 * 25 * 64 * 32)
        self.assertEqual(work.moved_bytes, 4 * (256 * 49 * 64 + 25 * 64 * 32 + 256 * 196 * 32))
        self.assertEqual(work.slices, 50)  # 25 / 4 taps of 64 channels, 400 deep

    def test_adam_moves_seven_floats_per_parameter(self):
        (work,) = works_of({"op": "adam", "n": 1000, "launches": [launch("adam", [1, 1, 1], 256)]})
        self.assertEqual(work.moved_bytes, 28000)


    def test_what_the_profile_counted_is_added_up(self):
        lines = [{"space": "global", "access": "load", "width_bytes": 16, "requests": 6, "sectors": 100},
                 {"space": "shared", "access": "store", "width_bytes": 4, "requests": 4, "wavefronts": 8},
                 {"space": "global", "access": "load", "width_bytes": 16, "requests": 1, "sectors": 11}]
        (work,) = works_of({"op": "adam", "n": 1000, "launches": [launch("adam", [1, 1, 1], 256, *lines)]})
        self.assertEqual(work.sector_bytes, 32 * 111)
        self.assertEqual(work.shared_passes, 8)
        self.assertEqual(work.requests, {("LDG", 128): 7, ("STS", 32): 4})

    def test_packs_of_four_where_the_columns_allow_it(self):
        def kernels(**op):
            launches = [launch("epilogue_backward", [7, 3, 1], 256)] * (2 if op["bias"] else 1)
            return [w.kernel for w in works_of({"op": "epilogue", "pass": "backward", "activation": True,
                                                "dropout": False, "launches": launches, **op})]
        self.assertEqual(kernels(rows=100, channels=1, bias=False), ["epilogue_backward_kernel<4>"])
        self.assertEqual(kernels(rows=100, channels=1, bias=True),
                         ["epilogue_backward_kernel<1>", "sum_few_parts_kernel<1>"])
        self.assertEqual(kernels(rows=25, channels=8, bias=True),
                         ["epilogue_backward_kernel<4>", "sum_few_parts_kernel<4>"])

    def test_a_kernel_that_the_model_does_not_know_is_an_error(self):
        with self.assertRaises(ValueError):
            works_of({"op": "adam", "n": 1000, "launches": [launch("adam", [1, 1, 1], 256)] * 2})


class Times(unittest.TestCase):
    def test_memory(self):
        # 3.35 GB do not stay in the L2 cache: a millisecond of the H100's DRAM.
        time = model.time_of(Work("", "k", 10000, 256, moved_bytes=3.35e9), GPUS["H100"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "DRAM")
        self.assertAlmostEqual(time.microseconds, 1000 + model.LAUNCH_US)

    def test_cache_and_launch(self):
        work = Work("", "k", 100, 256, moved_bytes=5500, sector_bytes=5500)
        time = model.time_of(work, GPUS["H100"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "launch")
        self.assertAlmostEqual(time.microseconds, model.LAUNCH_US + 1e-3)

    def test_arithmetic_of_the_tiled_product(self):
        # One block of 8 warps on each of 132 multiprocessors, 1000 slices of 600 instructions, two warps
        # to a scheduler.
        work = Work("", "product_kernel", 132, 256, slices=1000)
        time = model.time_of(work, GPUS["H100"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "arithmetic")
        cycles = 2 * 1000 * 600 + model.BLOCK_LATENCY
        self.assertAlmostEqual(time.microseconds, cycles / 1980 + model.LAUNCH_US)
        # One block more is a second one somewhere: twice as long, but for the latency.
        later = model.time_of(Work("", "product_kernel", 133, 256, slices=1000), GPUS["H100"], CodeOfAnyKernel())
        self.assertAlmostEqual(later.microseconds, (2 * 2 * 1000 * 600 + model.BLOCK_LATENCY) / 1980 + model.LAUNCH_US)
        # 64 lanes: an FMA takes a scheduler two cycles, more than its instructions.
        ampere = model.time_of(Work("", "product_kernel", 108, 256, slices=1000), GPUS["A100"], CodeOfAnyKernel())
        self.assertAlmostEqual(ampere.microseconds, (2 * 1000 * 1024 + model.BLOCK_LATENCY) / 1410 + model.LAUNCH_US)

    def test_caches(self):
        # What fits half of the L2 cache is asked of it alone, and at 5.5 TB/s.
        work = Work("", "k", 10000, 256, moved_bytes=1e6, sector_bytes=5.5e9)
        time = model.time_of(work, GPUS["H100"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "L2")
        self.assertAlmostEqual(time.microseconds, 1000 + model.LAUNCH_US)

    def test_shared_memory_of_the_busiest_multiprocessor(self):
        # 133 blocks on 132 multiprocessors: one has two, each a 133rd of the passes.
        work = Work("", "k", 133, 256, shared_passes=133 * 1980e3)
        time = model.time_of(work, GPUS["H100"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "shared memory")
        self.assertAlmostEqual(time.microseconds, 2000 + model.LAUNCH_US)

    def test_double_where_there_are_two_lanes(self):
        work = Work("", "k", 1280, 64, double_threads=1280 * 64)
        time = model.time_of(work, GPUS["RTX 4090"], CodeOfAnyKernel())
        self.assertEqual(time.bound, "double")
        self.assertAlmostEqual(time.microseconds, 20 * 100 * 16 / 2520 + model.LAUNCH_US)


class Widths(unittest.TestCase):
    def test_a_width_that_is_not_in_the_machine_code_is_told(self):
        work = Work("", "k", 1, 32, requests={("LDG", 128): 5, ("STS", 32): 1})
        code = {("k", 90): {"accesses_by_bits": {"LDG": {"32": 4}, "STS": {"32": 1}}}}
        (line,) = model.strange_widths([[(work, {})]], ["H100"], code)
        self.assertIn("LDG.128", line)
        code["k", 90]["accesses_by_bits"]["LDG"]["128"] = 1
        self.assertEqual(model.strange_widths([[(work, {})]], ["H100"], code), [])


class Measured(unittest.TestCase):
    def test_ratio(self):
        preset = {"preset": "dcgan", "batch_size": 256}
        times = [(Work("", "k", 1, 1), {name: model.Time(500, "DRAM") for name in GPUS})]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "measured.json"
            path.write_text(json.dumps([{"preset": "dcgan", "batch_size": 256, "median_ms": 1.0,
                                         "device": "cuda, NVIDIA H100 80GB HBM3"}]))
            self.assertEqual(model.compare(path, [preset], [times]),
                             ["dcgan: 1.000 ms measured, 0.500 ms modelled on H100: ratio 2.00"])


if __name__ == "__main__":
    unittest.main()
