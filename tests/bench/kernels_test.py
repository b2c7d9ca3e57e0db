"""bench/kernels beside peers that work, refuse to be set up, or fail: kernels_test.py KERNELS PEERS"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

KERNELS, PEERS = sys.argv[1:3]


def kernels(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        done = subprocess.run([KERNELS, "--threads", "1", f"--benchmark_out={out}",
                               "--benchmark_min_time=0.02", *arguments],
                              capture_output=True, text=True, timeout=300)
        runs = json.loads(out.read_text())["benchmarks"] if out.exists() and out.stat().st_size else []
    return done, {run["name"].replace("/manual_time", ""): run for run in runs}


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.done, cls.runs = kernels("--preset", "dcgan", "--batch-size", "8", "--peers", PEERS,
                                     "--benchmark_filter=generator/(batch_norm|conv_transpose)")

    def choices(self):
        return {name.rsplit("/", 1)[0]: run["label"] for name, run in self.runs.items()
                if name.endswith("/works")}

    def test_one_that_fails_is_skipped_with_its_reason_and_the_rest_is_timed(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        for who, reason in (("no-room", "no room for it"), ("refuses", "the launch was refused")):
            skipped = [run for name, run in self.runs.items() if name.endswith("/" + who)]
            self.assertEqual(len(skipped), 18)
            self.assertEqual({run.get("error_message") for run in skipped}, {reason})
        for who in ("works", "cpu"):
            timed = [run for name, run in self.runs.items() if name.endswith("/" + who)]
            self.assertEqual(len(timed), 18)
            self.assertTrue(all(run["real_time"] > 0 and "error_message" not in run for run in timed))

    def test_each_is_set_up_once_and_freed_before_the_next(self):
        # Not at the start of a line: newer Google Benchmarks write hints there that have no end of line.
        said = re.findall(r"(made|freed) (.*)", self.done.stderr)
        made = [what for verb, what in said if verb == "made"]
        self.assertEqual(len(made), 36)
        self.assertEqual(len(set(made)), 36)
        for (verb, what), (next_verb, next_what) in zip(said[::2], said[1::2]):
            self.assertEqual((verb, next_verb, next_what), ("made", "freed", what))

    def test_batch_norm_knows_its_images_and_positions(self):
        text = " ".join(self.choices().values())
        for shape in ("8x1x6272", "8x49x64", "8x196x32"):
            for direction in ("inference", "forward", "backward"):
                self.assertIn(f"batch norm {shape}, {direction}", text)

    def test_transposed_convolution_is_the_adjoint_of_the_one_from_its_output(self):
        choices = {name.split("/")[-1]: label for name, label in self.choices().items()
                   if "conv_transpose2d_n8_7x7x64_to_32" in name}
        self.assertEqual(choices, {
            "forward": "convolution 8x14x14x32 to 64 by 2, backward-data",
            "backward-data": "convolution 8x14x14x32 to 64 by 2, forward",
            "backward-weights": "convolution 8x14x14x32 to 64 by 2, backward-weights"})

    def test_a_library_that_is_missing_is_named(self):
        done, _ = kernels("--preset", "vanilla", "--peers", "./no_such_peers.so")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no_such_peers.so", done.stderr)


class Heaviest(unittest.TestCase):
    def test_the_convolution_of_most_work_is_chosen(self):
        # 7x7x128 to 7x7x64: 5.1 GFLOP a pass at batch 256; the next have 2.6 (14x14x32 to 64, twice the batch).
        done, _ = kernels("--preset", "dcgan", "--heaviest", "3", "--peers", PEERS,
                          "--benchmark_list_tests")
        ops = {line.rsplit("/", 2)[0] for line in done.stdout.splitlines() if line.startswith("dcgan/")}
        self.assertEqual(len(ops), 3, done.stdout)
        for op in ops:
            self.assertIn("generator/conv_transpose2d_n256_7x7x128_to_64", op)


class Seconds(unittest.TestCase):
    def test_the_heaviest_come_first_and_those_for_which_no_time_is_left_say_so(self):
        done, runs = kernels("--preset", "vanilla", "--seconds", "0.5")
        self.assertEqual(done.returncode, 0, done.stderr)
        late = [run.get("error_message") for run in runs.values()]
        cut = late.index("the time was up")
        self.assertEqual(set(late[:cut]), {None})
        self.assertEqual(set(late[cut:]), {"the time was up"})
        # Adam moves the most bytes, 32 MB; D's 784 to 512 has the most arithmetic, 411 MFLOP a pass.
        first, second = list(runs)[:2]
        self.assertIn("adam_n1146016", first)
        self.assertIn("784", second)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
