"""The programs to time, each in the ways that its users know."""
import dataclasses
import importlib.util
import os
import sys

from protocol import BATCH, RATES  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
PRESETS = list(RATES)
FRAMEWORKS = ["torch", "tensorflow", "jax"]
NAMES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX", "dcgan_cuda": "dcgan_cuda"}


@dataclasses.dataclass
class Contender:
    framework: str
    way: str
    precision: str  # of the products
    command: list
    layout: str = ""

    def description(self):
        program = " ".join(filter(None, [NAMES[self.framework], self.way, self.layout]))
        return {"program": program, "framework": NAMES[self.framework], "way": self.way,
                "precision": self.precision, "layout": self.layout}


def installed(framework):
    return importlib.util.find_spec(framework) is not None


def torch_ways(preset, gpu):
    """(way, precision, layout), the most telling first: time may run out."""
    if not gpu:
        yield "two-pass", "fp32", "channels-first"
        yield "eager", "fp32", "channels-first"
        if preset != "vanilla":
            yield "eager", "fp32", "channels-last"
        yield "compiled", "fp32", "channels-first"
        return
    # A network without convolutions has no layout.
    layouts = ["channels-first"] if preset == "vanilla" else ["channels-last", "channels-first"]
    for way in ("graph", "eager", "compiled-graph", "compiled"):
        for precision in ("fp32", "tf32", "bf16"):
            for layout in layouts if way == "graph" else layouts[:1]:
                yield way, precision, layout
    yield "two-pass", "fp32", layouts[-1]


def tensorflow_ways(gpu, notebook):
    if notebook:
        yield "eager, as the notebook", "fp32"
    yield "tf.function", "fp32"
    if gpu:
        for precision in ("tf32", "bf16"):
            yield "tf.function", precision
        for precision in ("fp32", "tf32", "bf16"):
            yield "tf.function, XLA", precision


def contenders(preset, args):
    def python(file, *options):
        command = [sys.executable, os.path.join(HERE, file), "--preset", preset, *options]
        return command + (["--threads", str(args.threads)] if args.threads else [])

    found = []
    for backend in args.backend:
        for precision in args.precision if backend != "cpu" else ["fp32"]:
            command = [args.train_step, "--worker", "--preset", preset, "--backend", backend,
                       "--precision", precision]
            found.append(Contender("dcgan_cuda", backend, precision, command + (
                ["--threads", str(args.threads)] if args.threads else [])))
    if "torch" in args.frameworks:
        for way, precision, layout in torch_ways(preset, args.gpu):
            found.append(Contender("torch", way, precision, python(
                "torch_worker.py", "--way", way, "--precision", precision, "--layout", layout),
                "" if preset == "vanilla" else layout))
    if "tensorflow" in args.frameworks:
        for way, precision in tensorflow_ways(args.gpu, args.notebook):
            found.append(Contender("tensorflow", way, precision, python(
                "tensorflow_worker.py", "--way", way, "--precision", precision)))
    if "jax" in args.frameworks:
        for precision in ("fp32", "tf32") if args.gpu else ("fp32",):
            found.append(Contender("jax", "jit", precision, python(
                "jax_worker.py", "--precision", precision)))
    return found
