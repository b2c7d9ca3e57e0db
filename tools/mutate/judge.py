"""Which tests a mutant is put to, in which order, and what became of it."""
import dataclasses
import os
import pathlib
import re

from sandbox import run

# Which op's tests run a kernel file's code, as suite_test.cpp names them, and how the names of its
# cases begin.
TESTS = {"adam": ("Adam", ["adam_"]), "batch_norm": ("BatchNorm", ["batch_norm_"]),
         "conv": ("Conv", ["conv2d_", "conv_transpose2d_"]),
         "conv_one_channel": ("Conv", ["conv2d_", "conv_transpose2d_"]),
         "dense": ("Dense", ["dense_"]), "epilogue": ("Epilogue", ["epilogue_"]),
         "gather": ("Random", ["gather_"]), "loss": ("Loss", ["loss_", "gan_loss_"]),
         "random": ("Random", ["noise_", "keep_mask_"])}
ALONE = "Philox.*:Shuffle.*"  # tests of no op


@dataclasses.dataclass(frozen=True)
class Phase:
    name: str
    backend: str
    filter: str


def phases(users, check):
    """users: the objects that a kernel file goes into. First the results of the ops that run it, then
    their gradients and all orders of threads, then check mode."""
    stems = {m.group(1) for u in users for m in [re.search(r"kernels/(\w+)\.cu\.o$", u)] if m}
    if not stems <= TESTS.keys():
        stems = TESTS.keys()
    cases = sorted({prefix for s in stems for prefix in TESTS[s][1]})
    suites = sorted({TESTS[s][0] for s in stems})
    results = ":".join(f"{s}/Op.*" for s in suites)
    rest = ":".join([ALONE, *(f"{s}/Gradient.*" for s in suites), *(f"*/Orders.*/{c}*" for c in cases)])
    found = [Phase("results", "simt", results), Phase("gradients and orders", "simt", rest)]
    if check:
        found.append(Phase("check mode", "simt-check", results))
    return found


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


def first_failure(done):
    match = re.search(r"\[  FAILED  \] (\S+)", done.output)
    if match:
        return match.group(1).rstrip(",")
    lines = [line for line in done.output.splitlines() if line.strip()]
    return f"ended with {done.status}" + (f": {lines[-1][:160]}" if lines else "")


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
                return "killed", f"{phase.name}: {first_failure(done)}"
        return "survived", ""
    finally:
        worker.end()
