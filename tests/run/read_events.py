#!/usr/bin/env python3
"""Reads a run's event files as TensorBoard does, and holds every scalar against log.jsonl.

    tests/run/read_events.py RUN_FOLDER...
    tests/run/read_events.py --program build/dcgan_cuda    # of runs that it makes: whole, resumed, killed

Needs the Python package tensorboard; without it the status is 77, which ctest takes for a skipped test.
"""
import argparse
import glob
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing import (event_accumulator, event_file_loader,
                                                      plugin_event_accumulator)
except ImportError:
    print("skipped: the Python package tensorboard is not installed")
    sys.exit(77)

NO_CURVES = ("step", "epoch", "step_ms", "epoch_s", "grid")


def single(value):
    """As a float of four bytes, which is what an event has; null stands for NaN."""
    return math.nan if value is None else struct.unpack("<f", struct.pack("<f", value))[0]


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def logged(folder):
    """By tag, the points as (first step, last step, value): an epoch's line has no step of its own,
    and lies between those of the steps around it."""
    with open(os.path.join(folder, "log.jsonl")) as log:
        lines = [line for line in map(json.loads, log) if "resumed" not in line]
    steps = [line.get("step") for line in lines]
    points = {}
    for i, line in enumerate(lines):
        first = max((s for s in steps[:i + 1] if s is not None), default=0)
        last = min((s for s in steps[i + 1:] if s is not None), default=math.inf)
        of_step = "step" in line
        for key, value in line.items():
            if key in NO_CURVES:
                continue
            if isinstance(value, dict):
                found = [(f"{key}/{name}", figure) for name, figure in value.items()
                         if figure is not None]
            else:
                found = [(key if of_step or key.startswith("test_") else f"epoch/{key}", value)]
            for tag, figure in found:
                points.setdefault(tag, []).append(
                    (first, first if of_step else last, single(figure)))
    return points


def event_files(folder):
    return sorted(glob.glob(os.path.join(glob.escape(folder), "*tfevents*")))


def session_starts(folder):
    return {event.step for path in event_files(folder)
            for event in event_file_loader.EventFileLoader(path).Load()
            if event.HasField("session_log")}


def scalars(folder):
    """By reader and tag, all (step, value)."""
    old = event_accumulator.EventAccumulator(folder, {event_accumulator.SCALARS: 0})
    new = plugin_event_accumulator.EventAccumulator(
        folder, tensor_size_guidance={"scalars": 0})
    old.Reload()
    new.Reload()
    yield "event_accumulator", {
        tag: [(e.step, single(e.value)) for e in old.Scalars(tag)] for tag in old.Tags()["scalars"]}
    yield "plugin_event_accumulator", {
        tag: [(e.step, single(e.tensor_proto.float_val[0])) for e in new.Tensors(tag)]
        for tag in new.Tags()["tensors"]}


def compare(folder):
    """Complaints, and how many scalars were held against the log's."""
    expected, starts, complaints, count = logged(folder), session_starts(folder), [], 0
    for reader, tags in scalars(folder):
        tags = {tag: points for tag, points in tags.items() if points}
        if set(tags) != set(expected):
            complaints.append(f"{reader}: tags {sorted(set(tags) ^ set(expected))} are in one alone")
        for tag in set(tags) & set(expected):
            left = list(tags[tag])
            for first, last, value in expected[tag]:
                match = [p for p in left if first <= p[0] <= last and same(p[1], value)]
                if match:
                    left.remove(match[0])
                    count += 1
                else:
                    complaints.append(f"{reader}: {tag}: {value} of steps {first} to {last} is missing")
            # A run that ended within an epoch has measured it so far; resumed, its log has not.
            complaints += [f"{reader}: {tag}: {p} is not in the log" for p in left
                           if "/" not in tag or p[0] + 1 not in starts]
    return complaints, count


def make_runs(program, where):
    """Run folders: of a GAN, resumed, cut off in the middle of a record, and of a classifier."""
    def header(*sizes):
        return struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes)

    data = os.path.join(where, "data")
    os.mkdir(data)
    for name, count in (("train", 20), ("t10k", 17)):
        with open(f"{data}/{name}-images-idx3-ubyte", "wb") as f:
            f.write(header(count, 28, 28) + bytes(i * i % 251 for i in range(count * 784)))
        with open(f"{data}/{name}-labels-idx1-ubyte", "wb") as f:
            f.write(header(count) + bytes(i % 10 for i in range(count)))

    def train(*arguments):
        subprocess.run([program, "train", *arguments], check=True, stdout=subprocess.DEVNULL)

    def new(name, preset, *more):
        train("--preset", preset, "--out", f"{where}/{name}", "--data", data, "--batch-size", "8",
              "--backend", "cpu", "--threads", "2", "--set", "width=0.0625",
              "--set", "tensorboard=1", *more)
        return f"{where}/{name}"

    yield new("whole", "vanilla", "--epochs", "3", "--evaluate-every", "1")
    yield new("classifier", "classifier", "--epochs", "2", "--set", "log_every=2")
    again = ("--epochs", "3", "--batch-size", "20")
    for name, lost_bytes in (("resumed", 0), ("cut", 7)):
        folder = new(name, "vanilla", "--epochs", "3")
        [events] = event_files(folder)
        os.truncate(events, os.path.getsize(events) - lost_bytes)
        first = f"{folder}/checkpoints/epoch_0001.safetensors"
        train("--resume", first, "--out", f"{where}/{name}-elsewhere", *again)
        train("--resume", first, *again)
        yield folder
        yield f"{where}/{name}-elsewhere"
    folder = new("within", "vanilla", "--steps", "4")
    train("--resume", folder, "--steps", "8")
    yield folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        folders = list(arguments.folders)
        if arguments.program:
            folders += make_runs(arguments.program, where)
        failed = not folders
        for folder in folders:
            complaints, count = compare(folder)
            failed = failed or bool(complaints) or count == 0
            print(f"{folder}: {len(event_files(folder))} files, {count} scalars as in the log, "
                  f"{len(complaints)} complaints")
            for complaint in complaints:
                print("  " + complaint)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
