"""A target sees the headers of the layers that it links, and no others: includes_test.py SOURCE BUILD"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = map(pathlib.Path, sys.argv[1:3])
del sys.argv[1:]

# A file of each layer, and headers that lie beyond it.
BEYOND = {
    "src/ops/gather.cpp": ["kernels/gather.h", "backend/backend.h", "nn/network.h"],
    "kernels/gather.cu": ["backend/backend.h", "nn/sequential.h", "io/safetensors.h"],
    "src/io/safetensors.cpp": ["image/image.h", "ops/philox.h", "simt/machine.h"],
    "src/image/image.cpp": ["gif/gif.h", "plot/figure.h", "report/html.h"],
    "src/ops/dense.cpp": ["backend/backend.h", "kernels/dense.h", "nn/sequential.h"],
    "src/simt/execution/grid.cpp": ["backend/backend.h", "dcgan/error.h", "kernels/gather.h"],
    "src/backend/backend.cpp": ["kernels/dense.h", "nn/sequential.h", "simt/machine.h", "io/atomic_file.h"],
    "src/backend/cpu/dense.cpp": ["nn/sequential.h", "train/gan.h"],
    "src/nn/sequential.cpp": ["models/models.h", "train/gan.h", "io/safetensors.h"],
    "src/models/presets.cpp": ["config/fields.h", "train/gan.h"],
    "src/train/gan.cpp": ["gif/gif.h", "image/image.h", "plot/canvas.h", "plot/figure.h",
                          "profile/step_profile.h", "report/html.h", "run/run.h", "simt/machine.h"],
    "src/train/trainer.cpp": ["gif/gif.h", "plot/figure.h", "report/comparison.h", "run/run.h", "cli/commands.h"],
    "src/run/run.cpp": ["cli/commands.h", "profile/step_profile.h", "simt/machine.h"],
    "src/evaluate/judge.cpp": ["run/run.h", "plot/figure.h", "image/image.h"],
    "src/profile/step_profile.cpp": ["run/run.h", "plot/figure.h"],
    "examples/train.cpp": ["train/gan.h", "backend/backend.h", "nn/sequential.h", "image/image.h"],
}


def commands():
    """source -> the first command that compiles it for the host."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if "nvcc" not in entry["command"]:
            file = pathlib.Path(entry["file"])
            together = re.findall(r'^#include "(/.+)"', file.read_text(), re.M) if "Unity" in file.parts else [file]
            for name in together:
                found.setdefault(pathlib.Path(name).resolve(), (shlex.split(entry["command"]), entry["directory"]))
    return found


class Includes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = commands()

    def preprocess(self, name, header):
        """Whether a copy of the file that includes this header, too, gets as far as the compiler."""
        words, directory = self.commands[(SOURCE / name).resolve()]
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / pathlib.Path(name).name
            extra = f'#include "{header}"\n' if header else ""
            copy.write_text(extra + (SOURCE / name).read_text())
            at = words.index("-o")
            command = [w for w in words[:at] + words[at + 2:] if w not in ("-MD", "-c")]
            for flag in ("-MT", "-MF"):
                if flag in command:
                    del command[command.index(flag):command.index(flag) + 2]
            command[-1] = str(copy)
            return subprocess.run([*command, "-E", "-o", "/dev/null"], cwd=directory, capture_output=True, text=True,
                                  timeout=120)

    def test_a_header_beyond_is_not_found(self):
        for name, headers in BEYOND.items():
            self.assertEqual(self.preprocess(name, None).returncode, 0, f"{name} as it is")
            for header in headers:
                with self.subTest(file=name, header=header):
                    there = [p for root in ("src", "include", ".") if (p := SOURCE / root / header).is_file()]
                    self.assertTrue(there, "the tree has no such header")
                    done = self.preprocess(name, header)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertRegex(done.stderr, re.escape(header) + ".*(No such file|not found)")

    def test_no_include_goes_around_the_layers(self):
        for folder in ("src", "kernels", "include"):
            for path in (SOURCE / folder).rglob("*"):
                if path.suffix in (".h", ".cpp", ".cu"):
                    for header in re.findall(r'#\s*include\s+["<]([^">]+)', path.read_text()):
                        self.assertFalse(header.startswith(("../", "src/", "/")), f"{path}: {header}")


if __name__ == "__main__":
    unittest.main()
