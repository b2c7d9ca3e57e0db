#!/usr/bin/env python3
"""Lets every file operation of a tiny run fail, one at a time, or kills the run there.

Interrupted calls and short writes must change nothing. After a full disk, a failed write or a failed fsync
the program ends with status 1 and one line, every file under its final name is whole, and the run, resumed,
ends as an unbroken one. Or it ends with status 0, and everything is there.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import sys
import tempfile

from small_runs import KINDS, Runs, memory_folder

# What each call may do on a real system.
FAULTS = {
    "open": ["eintr", "enospc", "enospc+", "eio", "kill"],
    "read": ["eintr", "short", "eio"],
    "write": ["eintr", "short", "enospc", "enospc+", "eio", "kill"],
    "fsync": ["eintr", "enospc", "eio", "kill"],
    "rename": ["enospc", "eio", "kill"],
    "unlink": ["eio", "kill"],
    "close": ["eintr", "eio", "kill"],
    "mkdir": ["enospc", "eio", "kill"],
}
HARMLESS = ["eintr", "short"]


def chosen(operations, everything, every):
    """(operation, fault) for every operation. Unless everything is asked for, faults take turns, and of a file's many
    writes or reads in a row two are left; of what remains each `every`-th.
    """
    if everything:
        return [(operation, fault) for operation in operations for fault in FAULTS[operation[2]]]

    def kind_of(i):
        return operations[i][2:] if 0 <= i < len(operations) else None

    picked, turns = [], {}
    for i, operation in enumerate(operations):
        if kind_of(i - 1) == kind_of(i) == kind_of(i + 1):
            continue
        call = operation[2]
        turns[call] = turns.get(call, -1) + 1
        picked.append((operation, FAULTS[call][turns[call] % len(FAULTS[call])]))
    return picked[::every]


def judge(runs, kind, operation, fault):
    """What is wrong."""
    thread, number, call, path = operation
    home = runs.folder / f"{kind}-{thread}-{number}-{fault}"
    at = f"{number}+" if fault.endswith("+") else number
    ended, _ = runs.train(home, kind, at=(thread, at), how=fault.rstrip("+"))
    wrong = []
    if ended.returncode == 0 and fault != "kill":
        wrong += runs.differences(home, kind)
        if call == "fsync" and fault not in HARMLESS:
            wrong.append("an fsync that failed is passed over in silence")
    else:
        if fault in HARMLESS:
            wrong.append("it ends the run")
        lines = ended.stderr.splitlines()
        if fault == "kill":
            wrong += [] if ended.returncode == -signal.SIGKILL else ["it was not killed"]
        elif ended.returncode != 1 or len(lines) != 1 or not lines[0].startswith("dcgan_cuda: "):
            wrong.append(f"status {ended.returncode}, {len(lines)} lines: {ended.stderr[:300]!r}")
        wrong += runs.halves(home)
        # A disk that is full or broken may keep its temporary files, but they go when the run is resumed.
        again, arguments = runs.train(home, kind)
        if again.returncode != 0 and "nothing is left to do" not in again.stderr:
            wrong.append(f"'{' '.join(map(str, arguments[:3]))}' ends with {again.returncode}: {again.stderr.strip()}")
        else:
            wrong += [f"resumed, {text}" for text in runs.differences(home, kind, saved_within=fault != "kill")]
    shutil.rmtree(home, ignore_errors=True)
    where = f"{call} {os.path.relpath(path, runs.unbroken[kind])}"
    return [f"{kind} {thread} {number} {fault} ({where}): {text}" for text in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--shim", type=pathlib.Path, required=True)
    parser.add_argument("--all", action="store_true", help="every fault at every operation")
    parser.add_argument("--every", type=int, default=1, help="only each n-th of the chosen faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    o = parser.parse_args()
    work = tempfile.mkdtemp(prefix="dcgan_fault_", dir=memory_folder())
    try:
        runs = Runs(o.program, o.shim, work)
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            jobs = [pool.submit(judge, runs, kind, operation, fault) for kind in KINDS
                    for operation, fault in chosen(runs.operations(kind), o.all, o.every)]
            failed = 0
            for job in jobs:
                wrong = job.result()
                failed += bool(wrong)
                for line in wrong:
                    print(f"FAILED {line}")
        print(f"{len(jobs)} faults: {failed} went wrong")
        return 1 if failed or not jobs else 0
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
