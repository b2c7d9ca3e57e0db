#!/usr/bin/env python3
"""Kills runs with SIGKILL: at a random time, or at a random file operation, also while they resume.

Of what is left every checkpoint must load; resumed, the run must end with the files of an unbroken one:
the same weights, pictures, and each step once in the log. Every kill is drawn from --seed and its number:
--only NUMBER repeats one.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from small_runs import KINDS, Runs, memory_folder


def is_done(errors):
    """Whether a run was not resumed because it has all its steps."""
    return "nothing is left to do" in errors


def kill_once(runs, home, kind, draw):
    """Starts or resumes the run and kills it; returns where, or None if it ended by itself."""
    log = home.with_suffix(".log")
    log.unlink(missing_ok=True)
    if draw.random() < 0.5:
        # A resumed run has fewer operations than a whole one.
        thread, number, _, _ = draw.choice(runs.operations(kind))
        process = runs.start(home, kind, at=(thread, number), how="kill", log=log)
        where = f"at operation {number} of {thread}"
    else:
        seconds = draw.uniform(0, 1.2 * runs.seconds)
        process = runs.start(home, kind, log=log)
        time.sleep(seconds)
        process.kill()
        where = f"after {1000 * seconds:.0f} ms"
    _, errors = process.communicate(timeout=300)
    if process.returncode == 0 or is_done(errors):
        return None
    if process.returncode != -signal.SIGKILL:
        return f"{where}, which ended with status {process.returncode}: {errors.strip()}"
    lines = log.read_text().splitlines() if log.exists() else []
    return f"{where}, the last of {lines[-1] if lines else 'none'}"


def judge(runs, seed, number, keep):
    """(kills, [what is wrong], where it was killed)"""
    draw = random.Random(f"{seed} {number}")
    kind = draw.choice(sorted(KINDS))
    home = runs.folder / str(number)
    places, wrong = [], []
    for _ in range(draw.choice([1, 1, 2, 3])):
        place = kill_once(runs, home, kind, draw)
        if place is None:
            break
        places.append(place)
        if "ended with status" in place:
            wrong.append("it did not start again")
        wrong += runs.halves(home)
    ended, arguments = runs.train(home, kind)
    if ended.returncode != 0 and not is_done(ended.stderr):
        wrong.append(f"'{' '.join(map(str, arguments[:3]))}' ends with {ended.returncode}: {ended.stderr.strip()}")
    else:
        wrong += runs.differences(home, kind)
    if not keep:
        shutil.rmtree(home, ignore_errors=True)
    return len(places), wrong, places


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--shim", type=pathlib.Path, required=True)
    parser.add_argument("--kills", type=int, default=20, help="how many runs are killed (default: 20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="repeat this one, and keep its folder")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    o = parser.parse_args()
    work = tempfile.mkdtemp(prefix="dcgan_kill_", dir=memory_folder())
    try:
        start = time.monotonic()
        runs = Runs(o.program, o.shim, work)
        runs.seconds = (time.monotonic() - start) / len(KINDS)
        numbers = range(o.kills) if o.only is None else [o.only]
        kills = failed = 0
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            jobs = {n: pool.submit(judge, runs, o.seed, n, o.only is not None) for n in numbers}
            for n, job in jobs.items():
                count, wrong, places = job.result()
                kills += count
                failed += bool(wrong)
                if wrong:
                    print(f"FAILED --seed {o.seed} --only {n}: killed {'; then '.join(places) or 'not at all'}")
                    for line in wrong:
                        print(f"    {line}")
        print(f"{kills} kills of {len(numbers)} runs, seed {o.seed}: {failed} runs went wrong")
        if o.only is not None:
            print(f"its folder: {work}/{o.only}")
        return 1 if failed or kills == 0 else 0
    finally:
        if o.only is None:
            shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
