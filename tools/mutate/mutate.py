"""Breaks kernels and host code one place at a time and reports which breaks the tests notice.

A mutant that does not compile is stillborn, one that compiles to the same bytes is identical; neither
counts. One that no test notices either is argued to change nothing, in equivalent.txt, or shows a gap
in the suite: then the status is 1.
"""
import argparse
import concurrent.futures
import difflib
import fcntl
import os
import pathlib
import queue
import sys
import time

import report
from arguments import FileOfMutants, read_arguments
from judge import Baselines, judge
from mutants import OPERATORS, mutants_of
from results import State, sample, text_digest
from sandbox import Sandbox, SandboxError
from targets import files as target_files, programs_of

HERE = pathlib.Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(prog="mutate.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", action="append", default=[], help="only files whose name contains this: kernels/, src/train")
    parser.add_argument("--operator", action="append", default=[], choices=sorted(OPERATORS),
                        help="only these ways to break them")
    parser.add_argument("--id", action="append", default=[], help="only these mutants")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N of them, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the sample (default 1)")
    parser.add_argument("--list", action="store_true", help="list the mutants; run nothing")
    parser.add_argument("--show", metavar="ID", help="print one mutant, and its line for equivalent.txt; run nothing")
    parser.add_argument("--report", action="store_true", help="report what is known; run nothing")
    parser.add_argument("--argued", action="store_true",
                        help="also run those of equivalent.txt: one that is killed refutes its argument")
    parser.add_argument("--fresh", action="store_true", help="forget the results of earlier runs")
    parser.add_argument("--again", choices=["survived", "killed"], action="append", default=[],
                        help="run those of this outcome once more")
    parser.add_argument("--phases", type=int, choices=[1, 2, 3], default=3,
                        help="only the first of the three: quick tests; all others; check mode. What survives "
                             "continues from there in a later run")
    parser.add_argument("--seconds", type=float, default=float("inf"),
                        help="start no mutant after this long; the next run continues from there")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="mutants at a time")
    parser.add_argument("--folder", default="build-mutate", help="where the copy is built (default %(default)s)")
    parser.add_argument("--json", help="also write all results here")
    return parser.parse_args()


def generate(root, options):
    """The files that are meant, with all their mutants."""
    for name in target_files(root):
        if not options.file or any(part in name for part in options.file):
            text = (root / name).read_text()
            yield FileOfMutants(name, text, mutants_of(name, text))


def wanted_by(options, mutant):
    return ((not options.operator or mutant.operator in options.operator)
            and (not options.id or mutant.id in options.id))


def show(root, mutant, argument):
    """As a diff, and as equivalent.txt would name it."""
    text = (root / mutant.file).read_text()
    sys.stdout.writelines(difflib.unified_diff(
        text.splitlines(True), mutant.apply(text).splitlines(True), mutant.file,
        f"{mutant.file} ({mutant.operator} {mutant.id})"))
    print(f"\n{argument}")


def run_all(wanted, sandbox, state, digests, options):
    """Tests the mutants, several at a time; each result is kept as soon as it is known."""
    stop_at = time.monotonic() + options.seconds
    phases = options.phases if any("simt_check" in output for output in sandbox.compile) else min(options.phases, 2)
    baselines = Baselines(sandbox.program, sandbox.suite_of("src"), state.baselines, state.remember_baseline)
    workers = queue.Queue()
    for number in range(options.jobs):
        workers.put(sandbox.worker(number))

    def one(mutant):
        if time.monotonic() > stop_at:
            return None
        worker = workers.get()
        begin = time.monotonic()
        try:
            passed = 0 if options.again else state.passed(mutant, digests[mutant.file])
            return mutant, *judge(worker, mutant, baselines, passed, phases), time.monotonic() - begin
        finally:
            workers.put(worker)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tasks = [pool.submit(one, mutant) for mutant in wanted]
        try:
            for done, task in enumerate(concurrent.futures.as_completed(tasks), 1):
                if task.result() is None:
                    continue
                mutant, outcome, detail, seconds = task.result()
                state.add(mutant, digests[mutant.file], outcome, detail, seconds, phases)
                print(f"{done}/{len(tasks)} {outcome:9} {mutant.id} {mutant.file}:{mutant.line} "
                      f"{mutant.operator} {seconds:.1f} s {detail}", flush=True)
        except BaseException:
            stop_at = 0
            raise


def main():
    options = parse_arguments()
    root = HERE.parents[1]
    arguments = read_arguments(HERE / "equivalent.txt")
    files = {f.name: f for f in generate(root, options)}
    mutants = [m for f in files.values() for m in f.mutants if wanted_by(options, m)]
    if options.show:
        found = [(f, m) for f in files.values() for m in f.mutants if m.id == options.show]
        if not found:
            print(f"mutate: no mutant {options.show}", file=sys.stderr)
            return 1
        show(root, found[0][1], found[0][0].argument_for(found[0][1], "..."))
        return 0
    named = {a: files[a.file].named_by(a) if a.file in files else [] for a in arguments}
    argued = {m.id: a for a in arguments for m in named[a]}
    chosen = [m for m in mutants if options.argued or m.id not in argued]
    chosen = sample(chosen, options.sample, options.seed)
    if options.list:
        for m in sorted(chosen, key=lambda m: (m.file, m.line)):
            print(f"{m.id} {m.file}:{m.line} {m.operator}: {m.before} ==> {m.after}")
        print(f"{len(chosen)} mutants")
        return 0
    folder = root / options.folder
    folder.mkdir(exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"mutate: another run is using {folder}", file=sys.stderr)
        return 1
    if options.fresh:
        (folder / "results.jsonl").unlink(missing_ok=True)
    sandbox = Sandbox(root, folder, options.jobs, programs_of({m.file for m in chosen}))
    try:
        sandbox.prepare()
        state = State(folder / "results.jsonl", sandbox.suite_of, options.phases)
        digests = {name: text_digest((root / name).read_text()) for name in target_files(root)}
        if not options.report:
            wanted = [m for m in chosen
                      if not (known := state.of(m, digests[m.file])) or known["outcome"] in options.again]
            # Survivors of an earlier suite last: there may not be time for all.
            wanted.sort(key=lambda m: (m.id, digests[m.file]) in state.results)
            run_all(wanted, sandbox, state, digests, options)
    except (SandboxError, RuntimeError) as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 1
    stale = [a for a in arguments if not named[a] and (a.file in files or not options.file)]
    judged = report.Report(mutants, chosen, argued, {m.id: state.of(m, digests[m.file]) for m in mutants})
    print(judged.text())
    for a in stale:
        print(f"mutate: equivalent.txt argues about no mutant, or about several: {a}", file=sys.stderr)
    if options.json:
        pathlib.Path(options.json).write_text(judged.json())
    return 1 if judged.open or judged.refuted or stale else 0


if __name__ == "__main__":
    sys.exit(main())
