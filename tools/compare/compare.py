#!/usr/bin/env python3
"""Times a training step of each preset in every program present, alternating.

All contenders of a preset run as processes of their own and take turns
(A B C D A B C D), so that a noisy machine disturbs them alike. A turn lasts
some seconds: the first steps of one pay for caches that another has filled,
which those of an epoch do not. Start it with
tools/compare.sh, which prepares its Python environment and builds dcgan_cuda's
bench/train_step.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PRESETS = ["vanilla", "dcgan", "tf-tutorial"]
IMAGES, BATCH = 60000, 256
PAUSE_SECONDS = 0.5  # idle threads of the program before spin for a while


class Worker:
    """A contender: a process that runs steps when it is told to (protocol.py)."""

    def __init__(self, label, command, threads):
        environment = dict(os.environ)
        if threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        self.label = label
        self.times = []
        self.steps = 0  # of a turn
        self.chatter = tempfile.TemporaryFile()  # shown only where something goes wrong
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.chatter, text=True, env=environment)
        ready = self.process.stdout.readline().strip()
        if not ready.startswith("ready "):
            self.fail(f"did not start: {' '.join(command)}")
        self.version = ready[6:]

    def fail(self, what):
        self.chatter.seek(0)
        said = self.chatter.read().decode(errors="replace")[-2000:]
        raise SystemExit(f"{said}compare: {self.label} {what}")

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.fail("ended early")
        return json.loads(line)

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return 0

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def has_gpu():
    import torch

    return torch.cuda.is_available()


def contenders(preset, args):
    """(label, command) of every program to time."""
    def python(file, way):
        command = [sys.executable, os.path.join(HERE, file), "--preset", preset, "--way", way]
        return command + (["--threads", str(args.threads)] if args.threads else [])

    found = []
    if args.notebook:
        found.append(("notebook (Keras, eager)", python("tensorflow_worker.py", "eager")))
    found += [
        ("TensorFlow tf.function", python("tensorflow_worker.py", "function")),
        ("PyTorch, two passes", python("torch_worker.py", "two-pass")),
        ("PyTorch, fused step", python("torch_worker.py", "fused")),
    ]
    if args.gpu:
        found += [
            ("TensorFlow tf.function, AMP", python("tensorflow_worker.py", "function-amp")),
            ("PyTorch, fused, TF32", python("torch_worker.py", "fused-tf32")),
            ("PyTorch, fused, AMP", python("torch_worker.py", "fused-amp")),
        ]
    for backend in args.backend:
        command = [args.train_step, "--worker", "--preset", preset, "--backend", backend]
        found.append((f"dcgan_cuda {backend}",
                      command + (["--threads", str(args.threads)] if args.threads else [])))
    return found


def measure(preset, args):
    workers = [Worker(label, command, args.threads) for label, command in contenders(preset, args)]
    for worker in workers:
        ms = statistics.median(worker.run(args.warm_up))
        worker.steps = max(args.steps, round(args.seconds * 1e3 / ms))
    for turn in range(args.turns):
        for worker in workers:
            time.sleep(PAUSE_SECONDS)
            worker.times += worker.run(worker.steps)
        print(f"\r{preset}: turn {turn + 1} of {args.turns}", end="", file=sys.stderr, flush=True)
    print("\r\033[K", end="", file=sys.stderr)
    rows = []
    for worker in workers:
        ms = statistics.median(worker.times)
        rows.append({
            "preset": preset, "program": worker.label, "version": worker.version,
            "median_ms": ms, "minimum_ms": min(worker.times),
            "epoch_s": ms * 1e-3 * -(-IMAGES // BATCH), "images_per_s": BATCH / ms * 1e3,
            "peak_mib": worker.peak_mib(),
        })
        worker.end()
    frameworks = [r["median_ms"] for r in rows
                  if r["program"].startswith(("TensorFlow tf.function", "PyTorch"))]
    for row in rows:
        row["ratio"] = min(frameworks) / row["median_ms"]
    return rows


def table(rows):
    lines = ["| preset | program | ms/step (least) | s/epoch | images/s | peak MiB | ratio |",
             "|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(
            f"| {r['preset']} | {r['program']} ({r['version']}) | {r['median_ms']:.1f} "
            f"({r['minimum_ms']:.1f}) | {r['epoch_s']:.1f} | {r['images_per_s']:.0f} "
            f"| {r['peak_mib']:.0f} | {r['ratio']:.2f} |")
    return "\n".join(lines)


def plot(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    presets = list(dict.fromkeys(r["preset"] for r in rows))
    figure, axes = pyplot.subplots(1, len(presets), figsize=(5 * len(presets), 3.6), squeeze=False)
    for axis, preset in zip(axes[0], presets):
        chosen = [r for r in rows if r["preset"] == preset][::-1]
        bars = axis.barh([r["program"] for r in chosen], [r["median_ms"] for r in chosen],
                         color=["C1" if r["program"].startswith("dcgan") else "C0" for r in chosen])
        axis.bar_label(bars, fmt="%.1f", padding=3)
        axis.set_title(preset)
        axis.set_xlabel("ms per step of 256 images")
        axis.margins(x=0.2)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--train-step", required=True, help="the built bench/train_step")
    p.add_argument("--preset", action="append", choices=PRESETS)
    p.add_argument("--backend", action="append",
                   help="of dcgan_cuda (default: cpu, and cuda where there is a GPU;\n"
                        "simt takes minutes)")
    p.add_argument("--threads", type=int, default=0, help="0: one per core")
    p.add_argument("--turns", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2, help="of a turn, about")
    p.add_argument("--steps", type=int, default=4, help="of a turn at the least")
    p.add_argument("--warm-up", type=int, default=4)
    p.add_argument("--no-notebook", dest="notebook", action="store_false")
    p.add_argument("--out", default="comparison", help="folder for table, JSON and plot")
    args = p.parse_args()
    args.gpu = has_gpu()
    args.backend = args.backend or ["cpu"] + ["cuda"] * args.gpu
    rows = []
    for preset in args.preset or PRESETS:
        rows += measure(preset, args)
    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "frameworks.json"), "w") as file:
        json.dump(rows, file, indent=2)
    with open(os.path.join(args.out, "frameworks.md"), "w") as file:
        file.write(table(rows) + "\n")
    plot(rows, os.path.join(args.out, "frameworks.png"))
    print(table(rows))


main()
