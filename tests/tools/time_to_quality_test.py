"""tools/time_to_quality.py: the first evaluation that is near enough counts, with the steps' time up to it."""
import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "time_to_quality.py"
# Writes what a run of three epochs would leave, and its arguments.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
a = sys.argv[1:]
folder = pathlib.Path(a[a.index("--resume" if "--resume" in a else "--out") + 1])
folder.mkdir(parents=True, exist_ok=True)
with open(folder.parent / "calls", "a") as calls:
    calls.write(" ".join(a) + "\\n")
(folder / "config.json").write_text("{}")
(folder / "log.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in [
    {"step": 1, "epoch": 1, "step_ms": 7}, {"epoch": 1, "epoch_s": 10},
    {"epoch": 2, "epoch_s": 11.5, "evaluation": {"frechet_distance": 9}}]))
"""


def log(*epochs):
    """Of (seconds, distance or None)."""
    return "".join(json.dumps({"epoch": n, "epoch_s": s} | ({"evaluation": {"frechet_distance": d}} if d else {})) + "\n"
                   for n, (s, d) in enumerate(epochs, 1))


class TimeToQuality(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, seed, text):
        run = self.folder / f"seed_{seed}"
        run.mkdir()
        (run / "log.jsonl").write_text(text)

    def run_tool(self, *more):
        return subprocess.run([sys.executable, TOOL, self.folder, *more], capture_output=True, text=True)

    def test_counts_up_to_the_first_that_is_near_enough(self):
        self.write(1, '{"step":1,"epoch":1,"step_ms":5}\n' + log((10, 60), (20, None), (30, 20), (40, 21), (50, 4)))
        self.write(2, log((1, 49), (2, 19.5)))
        self.write(4, log((5, 51), (5, 51), (10, 50)))
        done = self.run_tool("--read", "--seeds", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| 50 | 3 of 3 | 20 | 1 to 60 | 3 |\n", done.stdout)
        self.assertIn("| 20 | 2 of 3 | 32 | 3 to 60 | 2.5 |\n", done.stdout)
        self.assertIn("| 5 | 1 of 3 | 150 | 150 to 150 | 5 |\n", done.stdout)
        self.assertIn("| 3 | 0 of 3 | | | |\n", done.stdout)
        self.assertIn("At the end: median 19.50, 4.00 to 50.00.\n", done.stdout)

    def test_trains_each_seed_and_goes_on_with_what_is_there(self):
        program = self.folder / "program"
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        for _ in range(2):
            done = self.run_tool("--seeds", "2", "--program", program, "--", "--backend", "cpu")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("| 10 | 2 of 2 | 22 | 22 to 22 | 2 |\n", done.stdout)
        new = "train --preset modern --seed {0} --out {1}/seed_{0} --evaluate-every 1 --backend cpu"
        again = "train --resume {1}/seed_{0} --backend cpu"
        self.assertEqual((self.folder / "calls").read_text().splitlines(),
                         [text.format(seed, self.folder) for text in (new, again) for seed in (1, 2)])

    def test_says_where_there_is_nothing(self):
        done = self.run_tool("--read")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no run in it has been evaluated", done.stderr)


if __name__ == "__main__":
    unittest.main()
