"""A program that embeds the trainer, in this build and against an installed copy of it: it trains, and brings no
drawing, no pages and no profiler along. embedding_test.py SOURCE BUILD"""
import gzip
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = map(pathlib.Path, sys.argv[1:3])
del sys.argv[1:]


def must(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def cached(variable):
    """Its value in the build's cache; empty where it has none."""
    found = re.search(rf"^{variable}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
    return found.group(1) if found else ""


def needed(program):
    return set(re.findall(r"\(NEEDED\).*\[(?:lib)?([\w+]+)", must("readelf", "-d", program)))


def defines(program, *names):
    """Which of these functions it has."""
    symbols = must("nm", "-C", "--defined-only", program)
    return [name for name in names if re.search(rf" [tTwW] (?:\w+::)*{name}\(", symbols)]


def write_mnist(folder, count=12):
    """Pictures that differ from one another."""
    pixels = bytes((i * 2654435761 >> 13) & 255 for i in range(count * 28 * 28))
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(struct.pack(">4I", 0x0803, count, 28, 28) + pixels)


class Embedding(unittest.TestCase):
    IN_TREE = BUILD / "examples" / "example_train"
    FOREIGN = {"cairo", "gif", "pixman", "CLI11"}
    ABSENT = ["write_gif", "plot_figure", "write_comparison_page", "run_training", "profile_step"]

    def check_closure(self, program):
        self.assertEqual(needed(program) & self.FOREIGN, set())
        self.assertEqual(defines(program, *self.ABSENT), [])
        self.assertEqual(defines(program, "Trainer::train_step"), ["Trainer::train_step"])

    def train(self, program, folder):
        """The bytes of the checkpoint and of the samples that it leaves."""
        folder.mkdir()
        write_mnist(folder)
        must(program, folder, f"data={folder}", "preset=vanilla", "backend=cpu", "threads=1", "width=0.25",
             "batch_size=4", "steps=5")
        picture = (folder / "samples.pgm").read_bytes()
        self.assertTrue(picture.startswith(b"P5 28 448 255\n"))
        self.assertEqual(len(picture), len(b"P5 28 448 255\n") + 16 * 28 * 28)
        self.assertGreater(len(set(picture)), 50)
        checkpoint = (folder / "checkpoint.safetensors").read_bytes()
        self.assertIn(b"generator.dense1.kernel", checkpoint)
        return checkpoint, picture

    def test_the_program_itself_has_what_is_looked_for(self):
        self.assertLessEqual({"cairo", "gif"}, needed(BUILD / "dcgan_cuda"))
        self.assertEqual(defines(BUILD / "dcgan_cuda", *self.ABSENT), self.ABSENT)

    def test_the_link_closure_is_the_trainer_alone(self):
        self.check_closure(self.IN_TREE)

    def test_an_installed_trainer_is_found_and_trains_alike(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            must("cmake", "--install", BUILD, "--component", "library", "--prefix", folder / "prefix")
            headers = {p.name for p in (folder / "prefix" / "include").rglob("*.h")}
            self.assertEqual(headers, {p.name for p in (SOURCE / "include").rglob("*.h")})
            sanitize = cached("DCGAN_SANITIZE")
            must("cmake", "-S", SOURCE / "examples", "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Release",
                 f"-DCMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}",
                 f"-DCMAKE_CXX_FLAGS={f'-fsanitize={sanitize}' if sanitize else ''}",
                 # All that is linked is needed then, used or not.
                 "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--no-as-needed", f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}")
            must("cmake", "--build", folder / "build")
            installed = folder / "build" / "example_train"
            self.check_closure(installed)
            self.assertEqual(self.train(installed, folder / "a")[1], self.train(self.IN_TREE, folder / "b")[1])

    def test_wrong_usage_is_one_line(self):
        done = subprocess.run([self.IN_TREE, ".", "width"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (1, "train: width: expected KEY=VALUE\n"))


if __name__ == "__main__":
    unittest.main()
