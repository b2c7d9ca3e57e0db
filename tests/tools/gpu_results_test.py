"""tools/gpu_results.py: the page shows the files' figures, and 'not measured' for everything else."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "gpu_results.py"
RUN = {
    "format": 1, "backend": "cuda", "card": "NVIDIA H100 80GB HBM3", "driver": "580.1", "date": "2026-01-02T03:04:05Z",
    "host": "a processor", "bundle": {"commit": "abc", "nvcc": "13.0", "architectures": "90"},
    "parts": [{"part": "ops", "outcome": "ok", "seconds": 9, "limit_s": 50, "note": "7 passed, 0 failed"}],
    "step": [{"preset": "dcgan", "median_ms": 0.5}, {"preset": "dcgan", "precision": "tf32x3", "median_ms": 0.25},
             {"preset": "dcgan", "precision": "tf32", "median_ms": 0.125}],
    "frameworks": {"rows": [
        {"preset": "dcgan", "framework": "PyTorch", "program": "graph", "precision": "fp32", "median_ms": 1.0},
        {"preset": "dcgan", "framework": "PyTorch", "program": "eager", "precision": "fp32", "median_ms": 3.0},
        {"preset": "dcgan", "framework": "PyTorch", "program": "graph TF32", "precision": "tf32", "median_ms": 0.4},
        {"preset": "dcgan", "framework": "PyTorch", "program": "broken", "precision": "fp32", "failed": "no compiler"},
        {"preset": "dcgan", "framework": "dcgan_cuda", "program": "dcgan_cuda cuda", "precision": "fp32",
         "median_ms": 0.01}]},
    "kernels": {"benchmarks": [
        {"name": "G/dense/forward/cuda/manual_time", "real_time": 20.0, "share": 0.5},
        {"name": "G/dense/forward/cublas/manual_time", "real_time": 10.0},
        {"name": "G/dense/forward/cudnn/manual_time", "error_occurred": True, "error_message": "not installed"}]},
    "model": {"cards": [
        {"card": "T4", "device": "Tesla T4", "presets": [{"preset": "dcgan", "step_ms": 4.0}]},
        {"card": "H100", "device": "NVIDIA H100 80GB HBM3", "presets": [{"preset": "dcgan", "step_ms": 0.25}]}]},
}


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make(self, *more):
        return subprocess.run([sys.executable, TOOL, "--folder", self.folder, "--page", self.folder / "page.md", *more],
                              capture_output=True, text=True)

    def page(self, **changes):
        (self.folder / "run.json").write_text(json.dumps({**RUN, **changes}))
        self.assertEqual(self.make().returncode, 0)
        return (self.folder / "page.md").read_text()

    def test_without_a_run_the_page_says_not_measured(self):
        self.assertEqual(self.make().returncode, 0)
        first = (self.folder / "page.md").read_text().splitlines()[0]
        self.assertIn("Not measured", first)

    def test_a_runs_figures_stand_on_the_page(self):
        page = self.page()
        self.assertIn("NVIDIA H100", page.splitlines()[0])
        self.assertIn("| dcgan | 0.500 | 0.250 | 0.125 | 1.000 (graph) | 4.00 | 0.400 (graph TF32) | 1.60 | 0.250 | 2.00 |",
                      page)
        self.assertIn("| vanilla | not measured | not measured | not measured |", page)
        self.assertIn("| G/dense/forward | 20.0 | 50 % | cublas 10.0; cudnn: not installed |", page)
        self.assertIn("Driver 580.1, commit abc, 2026-01-02", page)

    def test_the_ratio_is_of_the_fastest_that_is_as_accurate(self):
        slow = {"preset": "dcgan", "precision": "tf32x3", "median_ms": 5.0}
        self.assertIn("| dcgan | 0.500 | 5.000 | 0.125 | 1.000 (graph) | 2.00 |",
                      self.page(step=[RUN["step"][0], slow, RUN["step"][2]]))

    def test_a_card_that_the_model_does_not_know_has_no_modelled_figures(self):
        for card in ("NVIDIA Unheard 9000", "NVIDIA H1000"):
            self.assertIn("| 1.60 | not measured | not measured |", self.page(card=card))

    def test_a_runs_notes_join_the_page(self):
        (self.folder / "run.md").write_text("A wait was missing.\n")
        self.assertIn("A wait was missing.", self.page())

    def test_a_rehearsal_is_no_measurement(self):
        (self.folder / "run.json").write_text(json.dumps({**RUN, "backend": "simt"}))
        self.assertNotEqual(self.make().returncode, 0)

    def test_check_fails_where_the_page_differs_and_leaves_it(self):
        self.page()
        self.assertEqual(self.make("--check").returncode, 0)
        (self.folder / "page.md").write_text("another")
        self.assertNotEqual(self.make("--check").returncode, 0)
        self.assertEqual((self.folder / "page.md").read_text(), "another")


if __name__ == "__main__":
    unittest.main()
