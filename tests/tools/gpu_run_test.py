"""tools/gpu_bundle/run.sh, with stand-ins for the programs: every part runs, whatever the others do."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFO = """echo 'dcgan_cuda 0'
echo '  cuda: Stand-in, compute capability 9.0'
echo '  cpu: oneDNN'
echo '  simt: not usable: it is compiled for processors with AVX2 and FMA'
"""
TRAIN_STEP = """
case "$*" in
  *--worker*) exit 9 ;;
  *--against*) for p in vanilla dcgan tf-tutorial vanilla-64; do echo "$p agrees: 0"; done; kind='"agrees": true' ;;
  *) echo 'vanilla      batch 256       1.50 ms (least 1.40)'; kind='"median_ms": 1.5' ;;
esac
while [ $# -gt 0 ]; do [ "$1" != --json ] || echo "[{\\"preset\\": \\"vanilla\\", $kind}]" >"$2"; shift; done
"""
TESTS = "echo '[       OK ] Ops/A.B/c_cuda (1 ms)'\n"


class Bundle(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "b i n").mkdir()  # a path with a space
        self.bundle = self.folder / "b i n"
        (self.bundle / "bin").mkdir()
        shutil.copy(ROOT / "tools/gpu_bundle/run.sh", self.bundle)
        (self.bundle / "bundle.json").write_text(
            '{\n "commit": "abc",\n "built": "2026-01-02",\n "nvcc": "13",\n "architectures": "90"\n}\n')
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        self.program("dcgan_cuda", INFO)
        self.program("train_step", TRAIN_STEP)
        self.program("test_ops", TESTS)
        self.program("test_train", TESTS)
        self.tool("nvidia-smi", "case \"$*\" in *=name*) echo 'Card \"X\"';; *=compute_cap*) echo 9.0;; *) echo 580.1;; esac")

    def program(self, name, text):
        path = self.bundle / "bin" / name
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def tool(self, name, text):
        path = self.tools / name
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def start(self, *arguments):
        environment = dict(os.environ, PATH=f"{self.tools}:/usr/bin:/bin")
        environment.pop("DCGAN_DATA", None)
        return subprocess.Popen([str(self.bundle / "run.sh"), "--out", str(self.folder / "out"), *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)

    def run_it(self, *arguments):
        process = self.start(*arguments)
        self.output = process.communicate(timeout=60)[0]
        return process.returncode

    def result(self):
        (file,) = (self.folder / "out").glob("Card-X-*.json")
        return json.loads(file.read_text())

    def outcomes(self):
        return {p["part"]: p["outcome"] for p in self.result()["parts"]}

    def test_a_good_run_has_every_part_in_its_json(self):
        self.assertEqual(self.run_it(), 0, self.output)
        result = self.result()
        self.assertEqual(result["card"], 'Card "X"')
        self.assertEqual(result["driver"], "580.1")
        self.assertEqual(result["bundle"]["commit"], "abc")
        self.assertEqual(result["step"], [{"preset": "vanilla", "median_ms": 1.5}])
        for part in ("smoke", "graphs"):
            self.assertEqual(result[part], [{"preset": "vanilla", "agrees": True}])
        outcomes = self.outcomes()
        for part in ("smoke", "graphs", "ops", "parity", "step", "step-ops"):
            self.assertEqual(outcomes[part], "ok")
        self.assertEqual(outcomes["train"], "skipped")
        self.assertIn("1 passed, 0 failed", self.output)
        self.assertLess(len(self.output.split("all figures")[0].splitlines()), 40)  # a screen

    def test_only_a_card_whose_tensor_cores_take_tf32_is_asked_for_it(self):
        self.program("train_step", 'echo "$@" >&2' + TRAIN_STEP)
        for capability, tensor in (("7.5", False), ("8.0", True), ("12.0", True)):
            self.tool("nvidia-smi", f"case \"$*\" in *=name*) echo X;; *) echo {capability};; esac")
            self.assertEqual(self.run_it("--only", "step,smoke"), 0, self.output)
            for part in ("step", "smoke"):
                asked = (self.folder / f"out/{part}.txt").read_text()
                self.assertIn("--precision fp32", asked)
                self.assertEqual("--precision tf32x3 --precision tf32" in asked, tensor, capability)

    def test_the_cases_on_tensor_cores_are_among_those_that_run(self):
        self.program("test_ops", 'echo "$@"\n' + TESTS)
        self.assertEqual(self.run_it("--only", "ops"), 0, self.output)
        self.assertIn("*_cuda:*_cuda_tf32*", (self.folder / "out/ops.txt").read_text())

    def test_a_part_that_fails_or_dies_stops_no_other(self):
        self.program("train_step", "kill -SEGV $$")
        self.program("test_ops", TESTS + "echo '[  FAILED  ] Ops/A.B/d_cuda (1 ms)'; echo last; exit 1")
        self.assertEqual(self.run_it(), 1)
        outcomes = self.outcomes()
        self.assertEqual(outcomes["smoke"], "FAILED")
        self.assertEqual(outcomes["ops"], "FAILED")
        self.assertEqual(outcomes["parity"], "ok")
        self.assertIn("1 passed, 1 failed", self.output)
        self.assertNotIn("step", self.result())

    def test_figures_of_an_earlier_run_are_not_taken_for_this_ones(self):
        self.assertEqual(self.run_it("--only", "step"), 0, self.output)
        for file in (self.folder / "out").glob("Card-X-*.json"):
            file.unlink()
        self.assertEqual(self.run_it("--only", "ops"), 0, self.output)
        self.assertNotIn("step", self.result())

    def test_a_part_that_hangs_is_cut_short_and_what_it_did_is_kept(self):
        self.program("test_ops", TESTS + "exec sleep 1000")
        self.assertEqual(self.run_it("--minutes", "0.1", "--only", "ops,step"), 0, self.output)
        self.assertEqual(self.outcomes(), {"ops": "cut short", "step": "ok"})
        self.assertIn("1 passed, 0 failed", self.output)

    def test_a_failure_before_the_limit_is_one(self):
        self.program("test_ops", "echo '[  FAILED  ] Ops/A.B/d_cuda (1 ms)'; exec sleep 1000")
        self.assertEqual(self.run_it("--minutes", "0.1", "--only", "ops,step"), 1)
        self.assertEqual(self.outcomes()["ops"], "cut short")

    def test_interrupted_it_ends_the_part_and_keeps_what_is_there(self):
        self.program("test_ops", "exec sleep 1000")
        process = self.start("--only", "step,ops")
        time.sleep(0.1)
        for _ in range(100):
            if (self.folder / "out/ops.txt").exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        self.output = process.communicate(timeout=30)[0]
        self.assertEqual(process.returncode, 130, self.output)
        self.assertNotIn("parity", self.outcomes())

    def test_a_backend_that_cannot_be_used_is_refused_in_the_programs_words(self):
        self.assertEqual(self.run_it("--backend", "simt"), 1)
        self.assertIn("backend 'simt' cannot be used here: it is compiled for processors with AVX2", self.output)

    def test_wrong_usage_is_one_line_and_status_2(self):
        for arguments in (["--backend", "abacus"], ["--minutes", "0"], ["--minutes", "x"], ["--minutes"],
                          ["--only", "smoke,polish"], ["now"]):
            self.assertEqual(self.run_it(*arguments), 2, arguments)
            self.assertEqual(self.output.count("\n"), 1, self.output)

    def test_sanitizers_and_profiler_run_where_they_are(self):
        self.tool("compute-sanitizer", "echo \"$@\" >&2; echo '========= ERROR SUMMARY: 0 errors'; " + TESTS)
        self.assertEqual(self.run_it("--only", "ncu,memcheck,racecheck"), 0, self.output)
        self.assertEqual(self.outcomes(), {"ncu": "skipped", "memcheck": "ok", "racecheck": "ok"})
        self.assertIn("--tool racecheck", (self.folder / "out/racecheck.txt").read_text())
        self.assertIn("ERROR SUMMARY: 0 errors", self.output)

    def test_a_tool_that_may_not_look_is_no_failure_of_the_program(self):
        self.tool("ncu", "echo '==ERROR== ERR_NVGPUCTRPERM'; exit 1")
        self.tool("compute-sanitizer", "echo '========= Error: Device not supported'; exit 9")
        self.assertEqual(self.run_it("--only", "ncu,memcheck"), 0, self.output)
        self.assertEqual(self.outcomes(), {"ncu": "skipped", "memcheck": "skipped"})
        self.assertIn("only root", self.output)


if __name__ == "__main__":
    unittest.main()
