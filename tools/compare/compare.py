#!/usr/bin/env python3
"""Times a training step of each preset in every program present, alternating.

All contenders of a preset run as processes of their own and take turns
(A B C D A B C D), so that a noisy machine disturbs them alike. A turn lasts
some seconds: the first steps of one pay for caches that another has filled,
which those of an epoch do not. One that fails, or is not ready in time, is in
the table with its reason. tools/compare.sh prepares a Python environment and
builds dcgan_cuda's bench/train_step; where both are there, this file and its
neighbours need nothing else.
"""
import argparse
import json
import os
import statistics
import sys
import time

from contenders import BATCH, FRAMEWORKS, PRESETS, contenders, installed
from report import best_lines, machine, plot, summary, table
from worker import Failed, Worker

PAUSE_SECONDS = 0.5  # on a CPU: idle threads of the previous program spin for a while
SET_UP_SHARE = 0.6  # of a limited time; the rest is for the turns


class Comparison:
    """Rows of what is measured, written whenever there is more."""

    def __init__(self, args, about):
        self.args, self.about = args, about
        self.rows, self.racing = [], []

    def write(self):
        result = {**self.about, "summary": summary(self.rows), "rows": self.rows}
        with open(self.args.json, "w") as file:
            json.dump(result, file, indent=2)
        with open(os.path.join(self.args.out, "frameworks.md"), "w") as file:
            file.write(table(self.rows) + "\n")

    def measure(self, preset, deadline):
        """Lets every contender train the preset; `deadline` on time.monotonic(), or None."""
        args = self.args
        self.racing = []
        for contender in contenders(preset, args):
            row = {"preset": preset, **contender.description()}
            self.rows.append(row)
            self.racing.append((row, Worker(contender.command, args.threads)))
        try:
            now = time.monotonic()
            set_up_end = now + SET_UP_SHARE * (deadline - now) if deadline else None
            for row, worker in self.racing:
                self.attempt(row, worker, self.set_up, set_up_end)
            ready = [(row, worker) for row, worker in self.racing if "failed" not in row]
            pause = 0 if args.gpu else PAUSE_SECONDS
            seconds = args.seconds
            if deadline and ready:
                left = (deadline - time.monotonic()) / args.turns / len(ready)
                seconds = min(seconds, max(left - pause, 0))
            for _, worker in ready:
                worker.steps = max(args.steps, round(seconds * 1e3 / worker.step_ms))
            for turn in range(args.turns):
                for row, worker in ready:
                    if turn > 0 and deadline and time.monotonic() > deadline:
                        return
                    if "failed" not in row:
                        time.sleep(pause)
                        self.attempt(row, worker, self.take_turn, deadline)
                print(f"{preset}: turn {turn + 1} of {args.turns}", file=sys.stderr)
        finally:
            for _, worker in self.racing:
                worker.end()
            self.write()

    def attempt(self, row, worker, action, end):
        try:
            action(row, worker, end)
        except Failed as failure:
            row["failed"] = str(failure)
            worker.end(grace_seconds=0)
        self.write()

    def set_up(self, row, worker, end):
        limit = self.args.limit
        if end:  # one that hangs must leave time to those after it
            limit = min(limit, (end - time.monotonic()) / 2)
            if limit < 1:
                raise Failed("the time was up")
        row["version"] = worker.start(limit)
        worker.step_ms = statistics.median(worker.run(self.args.warm_up, limit))

    def take_turn(self, row, worker, end):
        limit = self.args.limit
        if end:
            limit = min(limit, max(end - time.monotonic(), 10 * self.args.seconds))
        worker.times += worker.run(worker.steps, limit)
        ms = statistics.median(worker.times)
        row.update(median_ms=ms, minimum_ms=min(worker.times), times_ms=worker.times,
                   images_per_s=BATCH / ms * 1e3, peak_mib=worker.peak_mib())


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--train-step", required=True, help="the built bench/train_step")
    p.add_argument("--preset", action="append", choices=PRESETS)
    p.add_argument("--backend", action="append",
                   help="of dcgan_cuda (default: cpu, and cuda where there is a GPU;\n"
                        "simt takes minutes)")
    p.add_argument("--precision", action="append", choices=["fp32", "tf32x3", "tf32"],
                   help="of dcgan_cuda on a GPU (default: fp32, and those of tensor cores where\n"
                        "there are such)")
    p.add_argument("--only", action="append", choices=FRAMEWORKS,
                   help="frameworks to compare with (default: all that are installed)")
    p.add_argument("--seconds-in-all", type=float, default=0,
                   help="shared by the presets; 0: as long as it takes")
    p.add_argument("--limit", type=float, default=300,
                   help="seconds for a program to set itself up, or to take a turn")
    p.add_argument("--threads", type=int, default=0, help="0: one per core")
    p.add_argument("--turns", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2, help="of a turn, about")
    p.add_argument("--steps", type=int, default=4, help="of a turn at the least")
    p.add_argument("--warm-up", type=int, default=4)
    p.add_argument("--no-notebook", dest="notebook", action="store_false",
                   help="leave out Keras in eager mode")
    p.add_argument("--out", default="comparison", help="folder for table, JSON and plot")
    p.add_argument("--json", help="the JSON's file (default: frameworks.json in --out)")
    p.add_argument("--commit", help="what was built, for the JSON")
    return p.parse_args(argv)


def main(argv=None):
    args = arguments(argv)
    about = machine(args.commit)
    args.gpu = about["card"] is not None
    args.backend = args.backend or ["cpu"] + ["cuda"] * args.gpu
    tensor_cores = float(about["compute_capability"] or 0) >= 8
    args.precision = args.precision or ["fp32"] + ["tf32x3", "tf32"] * tensor_cores
    chosen = args.only or FRAMEWORKS
    args.frameworks = [framework for framework in chosen if installed(framework)]
    for framework in chosen:
        if framework not in args.frameworks:
            print(f"compare: {framework} is not installed for {sys.executable}; left out")
    os.makedirs(args.out, exist_ok=True)
    args.json = args.json or os.path.join(args.out, "frameworks.json")
    comparison = Comparison(args, about)
    presets = args.preset or PRESETS
    end = time.monotonic() + args.seconds_in_all
    for index, preset in enumerate(presets):
        now = time.monotonic()
        share = (end - now) / (len(presets) - index)
        comparison.measure(preset, now + share if args.seconds_in_all else None)
    print(table(comparison.rows))
    print("\n".join(best_lines(comparison.rows)))
    try:
        plot(comparison.rows, os.path.join(args.out, "frameworks.png"))
    except ImportError as error:
        print(f"compare: no plot: {error}")
    ours = [row for row in comparison.rows if row["framework"] == "dcgan_cuda"]
    return 1 if any("failed" in row for row in ours) else 0


if __name__ == "__main__":
    sys.exit(main())
