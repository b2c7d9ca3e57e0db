"""What is broken, and which tests are to notice, in which order."""
import dataclasses
import re

# Where the build puts them. dcgan_cuda is run by test_cli.
PROGRAMS = {"test_ops": "tests/ops", "test_models": "tests/models", "test_nn": "tests/nn",
            "test_train": "tests/train", "test_backend": "tests/backend", "dcgan_cuda": "", "test_cli": "tests/cli"}


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
         "random": Tests("Random", ["noise_*", "keep_mask_*"]),
         "sum_parts": Tests("Dense", ["dense_*"])}
ALONE = "Philox.*:Shuffle.*:Divider.*:Launches.*:ChosenKernels.*:*/SumParts.*"  # tests of no single op


@dataclasses.dataclass(frozen=True)
class Phase:
    """Tests that are run together. number: 1, the quick ones, to 3, check mode."""
    number: int
    name: str
    filter: str
    backend: str = ""  # for test_ops
    program: str = "test_ops"  # the one with the break in it
    tester: str = ""  # the one that runs it, if not itself


def stem_of(output):
    """The kernel file that an object is made of, or None."""
    match = re.search(r"kernels/(\w+)\.cu\.o$", output)
    return match.group(1) if match else None


def kernel_phases(stems):
    """Of the tests that run code of these kernel files: the results of their ops, the gradients and all
    orders of threads, check mode."""
    known = stems if stems and stems <= TESTS.keys() else TESTS.keys()
    tests = [TESTS[s] for s in sorted(known)]
    cases = [(t.suite, case) for t in tests for case in t.cases]
    without = [] if "conv_one_channel" in known else [case for t in tests for case in t.without]
    end = "-" + ":".join(without) if without else ""
    results = ":".join(f"{suite}/Op.*/{case}" for suite, case in cases)
    rest = ":".join([ALONE, *(f"{suite}/{test}.*/{case}" for suite, case in cases
                              for test in ("Gradient", "Containment")),
                     *(f"*/Orders.*/{case}" for _, case in cases)])
    return [Phase(1, "results", results + end, "simt"), Phase(2, "gradients and orders", rest + end, "simt"),
            Phase(3, "check mode", f"{results}:Access.*{end}", "simt-check")]


# Whole steps of the smallest preset come first; what runs every backend in one test, or in check mode,
# comes late. A profile is taken in check mode too.
SMALL, SLOW, CHECKED, PROFILE = "*vanilla*", "*Backends*", "*simt_check*", "*Profile*"
SUITE = "-" + ":".join(f"*n{batch}_*" for batch in (96, 150, 300))  # test_ops without its largest cases
TRAINING = [Phase(1, "small steps", f"{SMALL}:Replay.*-*simt*:{SLOW}", program="test_train"),
            Phase(1, "steps", f"-*simt*:{SMALL}:Replay.*:{SLOW}", program="test_train"),
            Phase(2, "steps on simt", f"*simt*-{CHECKED}", program="test_train"),
            Phase(2, "steps on every backend", SLOW, program="test_train"),
            Phase(3, "steps in check mode", CHECKED, program="test_train")]
MODELS = Phase(1, "models", "*", program="test_models")
DEVICES = Phase(1, "devices", "*", program="test_backend")
NETWORKS = [Phase(1, "networks", "-*simt*", program="test_nn"),
            Phase(2, "networks on simt", f"*simt*-{CHECKED}", program="test_nn"),
            Phase(3, "networks in check mode", CHECKED, program="test_nn")]
COMMANDS = Phase(2, "commands", "*", program="dcgan_cuda", tester="test_cli")
KERNELS_HOST = [Phase(1, "small steps on simt", f"{SMALL}simt*-{CHECKED}", program="test_train"),
                Phase(1, "ops", f"*/Op.*{SUITE}", "simt"),
                Phase(2, "steps on simt", f"*simt*-{CHECKED}:{SMALL}", program="test_train"),
                Phase(2, "all of the ops", f"{SUITE}:*/Op.*", "simt"),
                Phase(2, "steps on every backend", SLOW, program="test_train"),
                Phase(3, "ops in check mode", f"*/Op.*:Access.*{SUITE}", "simt-check"),
                Phase(3, "steps in check mode", f"{CHECKED}:{PROFILE}", program="test_train")]
# The folders of host code, and the tests of each.
HOST = {"src/models": [MODELS, COMMANDS, *NETWORKS, *TRAINING],
        "src/nn": [*NETWORKS, MODELS, COMMANDS, *TRAINING],
        "src/train": [COMMANDS, *TRAINING],
        "src/backend": [DEVICES, COMMANDS, Phase(2, "ops", f"*/Op.*{SUITE}", "cpu,simt"), *TRAINING],
        "src/backend/cuda": [DEVICES, *NETWORKS[1:], *KERNELS_HOST]}
# The folders of tests that decide about kernels and about host code.
TESTED_BY = {"kernels": ["ops", "ref"],
             "src": ["ops", "ref", "models", "nn", "train", "backend", "cli", "fixtures"]}


def is_kernel(name):
    return name.startswith("kernels/")


def host_phases(name):
    """Of the tests that are to notice a break of this file."""
    return sorted(HOST[name.rpartition("/")[0]], key=lambda p: p.number)


def programs_of(names):
    """The test programs that breaks of these files need."""
    phases = [p for n in names for p in (kernel_phases(set()) if is_kernel(n) else host_phases(n))]
    return sorted({name for p in phases for name in (p.program, p.tester) if name})


def files(root):
    """Names of all sources that are broken, relative to the root."""
    kernels = [p for p in (root / "kernels").rglob("*") if p.suffix in (".cu", ".h")]
    host = [p for folder in HOST for p in (root / folder).glob("*") if p.suffix in (".cpp", ".h")]
    return sorted(str(p.relative_to(root)) for p in kernels + host)
