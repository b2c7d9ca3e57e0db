#!/usr/bin/env python3
"""How long a preset takes to good pictures, over several seeds, as a table.

    tools/time_to_quality.py runs/quality --seeds 10 [--program build/dcgan_cuda] [-- --backend cuda ...]

Trains modern into runs/quality/seed_1 and so on, its samples evaluated after every epoch; what is
there is gone on with, or read. What follows -- goes to `train`. The time is that of the training
steps alone, as the log has it: evaluations and pictures take none of it. --read trains nothing.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

DISTANCES = (50, 20, 10, 5, 3, 2, 1.5)


def train(args, folder):
    """Begins a run, or goes on with it."""
    command = [args.program, "train"]
    if (folder / "config.json").exists():
        command += ["--resume", folder]
    else:
        command += ["--preset", args.preset, "--seed", folder.name.rpartition("_")[2], "--out", folder,
                    "--evaluate-every", "1"]
    subprocess.run([*command, *args.more], check=True)


def evaluations(folder):
    """[(seconds, epochs, Frechet distance)] of a run, in its order."""
    seconds, found = 0.0, []
    for line in (folder / "log.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "epoch_s" not in record:
            continue
        seconds += record["epoch_s"]
        if "evaluation" in record:
            found.append((seconds, record["epoch"], record["evaluation"]["frechet_distance"]))
    return found


def row(distance, runs):
    """Of each run the first evaluation that is as near."""
    reached = [next((e for e in run if e[2] <= distance), None) for run in runs]
    times = [e[0] for e in reached if e]
    if not times:
        return f"| {distance} | 0 of {len(runs)} | | | |"
    epochs = statistics.median(e[1] for e in reached if e)
    return (f"| {distance} | {len(times)} of {len(runs)} | {statistics.median(times):.0f} | "
            f"{min(times):.0f} to {max(times):.0f} | {epochs:g} |")


def table(runs):
    last = [run[-1][2] for run in runs]
    head = ["| Frechet distance at most | reached by | median, s | least to most, s | median epoch |",
            "|---|---|---|---|---|"]
    return head + [row(d, runs) for d in DISTANCES] + [
        "", f"At the end: median {statistics.median(last):.2f}, {min(last):.2f} to {max(last):.2f}."]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--preset", default="modern")
    parser.add_argument("--program", default="build/dcgan_cuda")
    parser.add_argument("--read", action="store_true", help="the runs that are there, and no others")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = parser.parse_args(sys.argv[1:end])
    args.more = sys.argv[end + 1:]
    folders = [args.folder / f"seed_{n}" for n in range(1, args.seeds + 1)]
    for folder in [] if args.read else folders:
        train(args, folder)
    runs = [run for run in map(evaluations, filter(lambda f: (f / "log.jsonl").exists(), folders)) if run]
    if not runs:
        sys.exit(f"{args.folder}: no run in it has been evaluated")
    print("\n".join(table(runs)))


if __name__ == "__main__":
    main()
