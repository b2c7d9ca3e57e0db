"""Which tests a mutant is put to, in which order, and what became of it."""
import dataclasses
import os
import pathlib
import re

from sandbox import run


@dataclasses.dataclass(frozen=True)
class Tests:
    """An op's, as suite_test.cpp names them, and which of its cases a kernel file has a part in."""
    suite: str
    cases: list
    without: list = dataclasses.field(default_factory=list)


# The large cases of the direct kernels are nothing to conv.cu, the other cases nothing to those.
DIRECT = ["conv*x1_to_*", "conv*_to_1_k*"]
LARGE_DIRECT = [f"*_n{batch}_{part}" for batch in (96, 150, 300) for part in ("*x1_to_*", "*_to_1_k*")]
TESTS = {"adam": Tests("Adam", ["adam_*"]), "batch_norm": Tests("BatchNorm", ["batch_norm_*"]),
         "conv": Tests("Conv", ["conv2d_*", "conv_transpose2d_*"], LARGE_DIRECT),
         "conv_one_channel": Tests("Conv", DIRECT),
         "dense": Tests("Dense", ["dense_*"]),
         "dense_one_output": Tests("Dense", ["dense_*_to_1_*", "dense_*_to_1"]),
         "epilogue": Tests("Epilogue", ["epilogue_*"]),
         "gather": Tests("Random", ["gather_*"]), "loss": Tests("Loss", ["loss_*", "gan_loss_*"]),
         "random": Tests("Random", ["noise_*", "keep_mask_*"])}
ALONE = "Philox.*:Shuffle.*:Divider.*:Launches.*:ChosenKernels.*:*/SumParts.*"  # tests of no single op


@dataclasses.dataclass(frozen=True)
class Phase:
    name: str
    backend: str
    filter: str


def stem_of(output):
    """The kernel file that an object is made of, or None."""
    match = re.search(r"kernels/(\w+)\.cu\.o$", output)
    return match.group(1) if match else None


def phases(stems, count):
    """The first `count` phases of the tests that run code of these kernel files: the results of their
    ops, the gradients and all orders of threads, check mode."""
    known = stems if stems and stems <= TESTS.keys() else TESTS.keys()
    tests = [TESTS[s] for s in sorted(known)]
    cases = [(t.suite, case) for t in tests for case in t.cases]
    without = [] if "conv_one_channel" in known else [case for t in tests for case in t.without]
    end = "-" + ":".join(without) if without else ""
    results = ":".join(f"{suite}/Op.*/{case}" for suite, case in cases)
    rest = ":".join([ALONE, *(f"{suite}/{test}.*/{case}" for suite, case in cases
                              for test in ("Gradient", "Containment")),
                     *(f"*/Orders.*/{case}" for _, case in cases)])
    return [Phase("results", "simt", results + end), Phase("gradients and orders", "simt", rest + end),
            Phase("check mode", "simt-check", f"{results}:Access.*{end}")][:count]


def execute(program, phase, limit_seconds=None):
    # One worker: as many mutants run side by side as there are cores.
    env = dict(os.environ, DCGAN_TEST_BACKENDS=phase.backend, DCGAN_SIMT="workers=1",
               OMP_WAIT_POLICY="passive", OMP_NUM_THREADS="1")
    return run([str(program), f"--gtest_filter={phase.filter}", "--gtest_fail_fast", "--gtest_brief=1"],
               env=env, cpu_seconds=limit_seconds, wall_seconds=limit_seconds and 10 * limit_seconds)


class Baselines:
    """How much CPU time the unbroken program takes for each phase, kept with the results."""

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


def put_to(worker, phase, baselines):
    """What the tests that failed say, or None."""
    limit = baselines.limit(phase)
    done = execute(worker.program, phase, limit)
    if done.timed_out:
        return f"{phase.name}: no end within {limit:.0f} s of CPU time"
    return f"{phase.name}: {first_failure(done)}" if done.status != 0 else None


def judge(worker, mutant, baselines, passed, count):
    """(outcome, detail): stillborn, identical, killed or survived. It is put to the first `count`
    phases, except for those it is known to have passed.

    Of a header's users one is built and tested after the other, the quickest first: most mutants die
    in the first, and a user that compiles to the same bytes needs no test.
    """
    worker.begin(mutant)
    try:
        users = worker.users()
        # What all homes share, the references too, is broken for all at once.
        shared = "DCGAN_HOME" not in (worker.folder / mutant.file).read_text()
        checked = [] if shared else [u for u in users if "simt_check" in u]
        users = [u for u in users if u not in checked]
        stems = set()
        if shared:
            if not worker.compile(users):
                return "stillborn", ""
            stems = {stem_of(u) for u in users} - {None}
            worker.link()
            if not passed and (failure := put_to(worker, phases(stems, 1)[0], baselines)):
                return "killed", failure
        for user in [] if shared else users:
            if not worker.compile([user]):
                return "stillborn", ""
            if worker.same(user):
                continue
            stem = stem_of(user)
            stems.add(stem)
            worker.link()
            if stem and not passed and (failure := put_to(worker, phases({stem}, 1)[0], baselines)):
                return "killed", failure
        if not stems:
            return "identical", ""
        done = 1 if stems - {None} else 0  # host code alone: its results are still to be seen
        stems.discard(None)
        for phase in phases(stems, count)[max(done, passed):]:
            if phase.backend == "simt-check" and not shared:
                if not worker.compile([u for u in checked if not stems or stem_of(u) in stems | {None}]):
                    return "stillborn", ""
                worker.link()
            if failure := put_to(worker, phase, baselines):
                return "killed", failure
        return "survived", ""
    finally:
        worker.end()
