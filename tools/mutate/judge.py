"""Which tests a mutant is put to, in which order, and what became of it."""
import dataclasses
import os
import pathlib
import re

from sandbox import run

# The suites that meet a kernel file's ops; first, as they are the likeliest to fail.
SUITES = {"adam": "Adam", "batch_norm": "BatchNorm", "conv": "Conv", "conv_one_channel": "Conv",
          "dense": "Dense", "epilogue": "Epilogue", "gather": "Random", "loss": "Loss",
          "random": "Random"}


@dataclasses.dataclass(frozen=True)
class Phase:
    name: str
    backend: str
    filter: str


def phases(users, check):
    """users: the objects that a kernel file goes into. Small ops first, then everything, which has
    the random orders, then check mode."""
    suites = sorted({SUITES[m.group(1)] for u in users
                     for m in [re.search(r"kernels/(\w+)\.cu\.o$", u)] if m and m.group(1) in SUITES})
    own = ":".join(f"{s}/Op.*" for s in suites)
    all_phases = []
    if own:
        all_phases.append(Phase("its ops", "simt", own))
    all_phases.append(Phase("suite", "simt", "*-" + own if own else "*"))
    if check:
        if own:
            all_phases.append(Phase("its ops, checked", "simt-check", own))
        all_phases.append(Phase("suite, checked", "simt-check",
                                "*-Ops/Orders.*" + (":" + own if own else "")))
    return all_phases


def execute(program, phase, limit_seconds=None):
    # One worker: as many mutants run side by side as there are cores.
    env = dict(os.environ, DCGAN_TEST_BACKENDS=phase.backend, DCGAN_SIMT="workers=1",
               OMP_WAIT_POLICY="passive", OMP_NUM_THREADS="1")
    return run([str(program), f"--gtest_filter={phase.filter}", "--gtest_fail_fast", "--gtest_brief=1"],
               env=env, cpu_seconds=limit_seconds, wall_seconds=limit_seconds and 6 * limit_seconds)


class Baselines:
    """How long the unbroken program takes for each phase, kept with the results."""

    least_seconds = 5

    def __init__(self, program, known, remember):
        self.program, self.known, self.remember = program, known, remember

    def limit(self, phase):
        key = f"{phase.backend} {phase.filter}"
        if key not in self.known:
            done = execute(self.program, phase)
            if done.status != 0:
                raise RuntimeError(f"the unbroken suite fails ({phase.filter} on {phase.backend}):\n"
                                   + done.output[-2000:])
            self.known[key] = round(done.cpu_seconds, 2)
            self.remember(key, self.known[key])
        return self.least_seconds + 4 * self.known[key]


def first_failure(output):
    match = re.search(r"\[  FAILED  \] (\S+)", output)
    if match:
        return match.group(1).rstrip(",")
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no output"


def judge(worker, mutant, baselines, check):
    """(outcome, detail): stillborn, killed or survived."""
    worker.begin(mutant)
    try:
        users = worker.users()
        shared = "DCGAN_HOME" not in mutant.apply((worker.folder / mutant.file).read_text())
        later = [] if shared else [u for u in users if "simt_check" in u]
        if not users:
            return "survived", "compiled into nothing"
        if not worker.compile([u for u in users if u not in later]):
            return "stillborn", ""
        worker.link()
        linked = "simt"
        for phase in phases(users, check):
            if phase.backend == "simt-check" and linked == "simt" and later:
                if not worker.compile(later):
                    return "stillborn", ""
                worker.link()
                linked = "simt-check"
            limit = baselines.limit(phase)
            done = execute(worker.program, phase, limit)
            if done.timed_out:
                return "killed", f"{phase.name}: no end within {limit:.0f} s"
            if done.status != 0:
                return "killed", f"{phase.name}: {first_failure(done.output)}"
        return "survived", ""
    finally:
        worker.end()
