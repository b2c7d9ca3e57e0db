"""What becomes of a mutant that is put to the tests."""
import os
import re

from sandbox import run
from targets import host_phases, is_kernel, kernel_phases, stem_of


def execute(program, phase, unbroken, limit_seconds=None):
    # One worker: as many mutants run side by side as there are cores.
    env = dict(os.environ, DCGAN_TEST_BACKENDS=phase.backend, DCGAN_SIMT="workers=1",
               OMP_WAIT_POLICY="passive", OMP_NUM_THREADS="1", DCGAN_PROGRAM=str(program))
    tests = unbroken(phase.tester) if phase.tester else program
    return run([str(tests), f"--gtest_filter={phase.filter}", "--gtest_fail_fast", "--gtest_brief=1"],
               env=env, cpu_seconds=limit_seconds, wall_seconds=limit_seconds and 10 * limit_seconds)


class Baselines:
    """How much CPU time the unbroken programs take for each phase, kept with the results. Each suite is
    tried anew: if it fails without a break, it says nothing about breaks, and kills are kept for good."""

    least_seconds = 5

    def __init__(self, unbroken, suite, known, remember):
        self.unbroken, self.suite = unbroken, suite  # program -> its path; what all its sources stand for
        self.known, self.remember = known, remember

    def limit(self, phase):
        key = f"{self.suite} {phase.program} {phase.backend} {phase.filter}"
        if key not in self.known:
            done = execute(self.unbroken(phase.program), phase, self.unbroken)
            if done.status != 0:
                raise RuntimeError(f"the unbroken suite fails ({phase.program} {phase.filter}):\n"
                                   + done.output[-2000:])
            self.known[key] = round(done.cpu_seconds, 2)
            self.remember(key, self.known[key])
        return self.least_seconds + 4 * self.known[key]


def first_failure(done):
    match = re.search(r"\[  FAILED  \] (\S+)", done.output)
    if match:
        return match.group(1).rstrip(",")
    lines = [line for line in done.output.splitlines() if line.strip()]
    return f"ended with {done.status}" + (f": {lines[-1][:160]}" if lines else "")


def put_to(worker, phase, baselines):
    """What the tests that failed say, or None."""
    limit = baselines.limit(phase)
    done = execute(worker.link(phase.program), phase, baselines.unbroken, limit)
    if done.timed_out:
        return f"{phase.name}: no end within {limit:.0f} s of CPU time"
    return f"{phase.name}: {first_failure(done)}" if done.status != 0 else None


def judge(worker, mutant, baselines, passed, count):
    """(outcome, detail): stillborn, identical, killed or survived. It is put to the first `count`
    phases, except for those it is known to have passed."""
    worker.begin(mutant)
    try:
        judge_one = judge_kernel if is_kernel(mutant.file) else judge_host
        return judge_one(worker, mutant, baselines, passed, count)
    finally:
        worker.end()


def judge_host(worker, mutant, baselines, passed, count):
    """Only what a phase's program needs is compiled for it: most mutants die in the first."""
    phases = host_phases(mutant.file)
    for phase in (p for p in phases if passed < p.number <= count):
        if not worker.compile(built_for(worker, phase)):
            return "stillborn", ""
        if worker.changes(phase.program) and (failure := put_to(worker, phase, baselines)):
            return "killed", failure
    if not passed and all([worker.same(u) for u in worker.objects]):
        for phase in (p for p in phases if p.number < 3):
            if not worker.compile(built_for(worker, phase)):
                return "stillborn", ""
        if all([worker.same(u) for u in worker.objects]):
            return "identical", ""
    return "survived", ""


def built_for(worker, phase):
    """The objects it needs beside those that are there already; check mode's for check mode alone."""
    return [u for u in worker.users({phase.program})
            if u not in worker.objects and (phase.number == 3 or "simt_check" not in u)]


def judge_kernel(worker, mutant, baselines, passed, count):
    """Of a header's users one is built and tested after the other, the quickest first: most mutants die
    in the first, and a user that compiles to the same bytes needs no test.
    """
    users = worker.users({"test_ops"})
    # What all targets share, the references too, is broken for all at once.
    shared = "DCGAN_TARGET" not in (worker.folder / mutant.file).read_text()
    checked = [] if shared else [u for u in users if "simt_check" in u]
    users = [u for u in users if u not in checked]
    stems = set()
    if shared:
        if not worker.compile(users):
            return "stillborn", ""
        stems = {stem_of(u) for u in users} - {None}
        if not passed and (failure := put_to(worker, kernel_phases(stems)[0], baselines)):
            return "killed", failure
    for user in [] if shared else users:
        if not worker.compile([user]):
            return "stillborn", ""
        if worker.same(user):
            continue
        stem = stem_of(user)
        stems.add(stem)
        if stem and not passed and (failure := put_to(worker, kernel_phases({stem})[0], baselines)):
            return "killed", failure
    if not stems:
        return "identical", ""
    done = 1 if stems - {None} else 0  # host code alone: its results are still to be seen
    stems.discard(None)
    for phase in (p for p in kernel_phases(stems) if max(done, passed) < p.number <= count):
        if phase.backend == "simt-check" and not shared:
            if not worker.compile([u for u in checked if not stems or stem_of(u) in stems | {None}]):
                return "stillborn", ""
        if failure := put_to(worker, phase, baselines):
            return "killed", failure
    return "survived", ""
