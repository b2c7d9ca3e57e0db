"""What is broken, and which tests must notice, in which order."""
import dataclasses
import re

# Where the build puts them. dcgan_cuda is run by test_cli.
PROGRAMS = {"test_ops": "tests/ops", "test_models": "tests/models", "test_config": "tests/config",
            "test_nn": "tests/nn", "test_train": "tests/train", "test_run": "tests/run",
            "test_profile": "tests/profile", "test_evaluate": "tests/evaluate", "test_backend": "tests/backend", "dcgan_cuda": "",
            "test_cli": "tests/cli"}


# The cases of the suite that run a kernel file, where their names do not begin with the file's. The
# large cases of the direct kernels do not run conv.cu, nor the other cases the direct kernels.
CASES = {"conv": ["conv2d_*", "conv_transpose2d_*"],
         "conv_one_channel": ["conv*x1_to_*", "conv*_to_1_k*"],
         "dense_one_output": ["dense_*_to_1_*", "dense_*_to_1"],
         "random": ["noise_*", "mask_*"], "sum_parts": ["dense_*"]}
LARGE_DIRECT = [f"*_n{batch}_{part}" for batch in (96, 150, 300) for part in ("*x1_to_*", "*_to_1_k*")]
ALONE = "Philox.*:Shuffle.*:Divider.*:Launches.*:ChosenKernels.*:*/SumParts.*"  # tests of no single op


@dataclasses.dataclass(frozen=True)
class Phase:
    """Tests that run together. number: 1, the quick ones, to 3, check mode."""
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
    """The phases of the tests that run these kernel files (all kernels if there are none): the results of their
    ops, the gradients and all orders of threads, check mode."""
    cases = [case for stem in sorted(stems) for case in CASES.get(stem, [f"{stem}_*"])] or ["*"]
    without = LARGE_DIRECT if "conv" in stems and "conv_one_channel" not in stems else []
    end = "-" + ":".join(without) if without else ""
    results = ":".join(f"*/Op.*/{case}" for case in cases)
    rest = ":".join([ALONE, *(f"*/{test}.*/{case}" for case in cases
                              for test in ("Gradient", "Containment", "Orders"))])
    return [Phase(1, "results", results + end, "simt"), Phase(2, "gradients and orders", rest + end, "simt"),
            Phase(3, "check mode", f"{results}:Access.*{end}", "simt-check"),
            Phase(3, "profile", "*", program="test_profile")]  # the work that launches declare


# Fast tests come first: whole steps of the smallest preset, refusals. Tests that run every backend,
# or check mode, come late.
QUICK = "*vanilla:*vanilla_cpu:*vanilla_smoothed_cpu:Passes.*:Trainer.*:Replay.[!D]*:TrainerInput.*"
SLOW, CHECKED = "*Backends*", "*simt_check*"
SUITE = "-" + ":".join(f"*n{batch}_*" for batch in (96, 150, 300))  # test_ops without its largest cases
TRAINING = [Phase(1, "small steps", f"{QUICK}-*simt*:{SLOW}", program="test_train"),
            Phase(1, "steps", f"-*simt*:{QUICK}:{SLOW}", program="test_train"),
            Phase(2, "steps on simt", f"*simt*-{CHECKED}", program="test_train"),
            Phase(2, "steps on every backend", SLOW, program="test_train"),
            Phase(3, "steps in check mode", CHECKED, program="test_train")]
MODELS = Phase(1, "models", "*", program="test_models")
SETTINGS = Phase(1, "settings", "*", program="test_config")
RUNS = Phase(1, "runs", "*", program="test_run")
PROFILE = Phase(3, "profile", "*", program="test_profile")  # taken in check mode
DEVICES = Phase(1, "devices", "*", program="test_backend")
DRAWS = "*DrawsEachKernelEvenly*:*64"
NETWORKS = [Phase(1, "small networks", f"-*simt*:{DRAWS}", program="test_nn"),
            Phase(1, "networks", f"{DRAWS}-*simt*", program="test_nn"),
            Phase(2, "networks on simt", f"*simt*-{CHECKED}", program="test_nn"),
            Phase(3, "networks in check mode", CHECKED, program="test_nn")]
COMMANDS = Phase(1, "commands", "Commands.*", program="dcgan_cuda", tester="test_cli")
MISUSE = Phase(2, "misuse and interrupts", "-Commands.*", program="dcgan_cuda", tester="test_cli")
SMALLEST = "*/vanilla_simt*"
KERNELS_HOST = [Phase(1, "small steps on simt", f"{SMALLEST}-{CHECKED}", program="test_train"),
                Phase(1, "ops", f"*/Op.*{SUITE}", "simt"),
                Phase(2, "steps on simt", f"*simt*-{CHECKED}:{SMALLEST}", program="test_train"),
                Phase(2, "all of the ops", f"{SUITE}:*/Op.*", "simt"),
                Phase(2, "steps on every backend", SLOW, program="test_train"),
                Phase(3, "ops in check mode", f"*/Op.*:Access.*{SUITE}", "simt-check"),
                Phase(3, "steps in check mode", CHECKED, program="test_train"), PROFILE]
# The folders of host code, and the tests of each: their own first, whole runs of the program later.
WHOLE_RUNS = [dataclasses.replace(p, number=max(p.number, 2)) for p in (MISUSE, COMMANDS, *TRAINING[1:])]
HOST = {"src/models": [MODELS, SETTINGS, *NETWORKS, TRAINING[0], *WHOLE_RUNS],
        "src/config": [SETTINGS, RUNS, MISUSE, COMMANDS],
        "src/nn": [*NETWORKS, MODELS, TRAINING[0], *WHOLE_RUNS],
        "src/train": [MISUSE, *TRAINING, COMMANDS, RUNS],
        "src/run": [RUNS, COMMANDS, MISUSE],
        "src/profile": [dataclasses.replace(PROFILE, number=1), dataclasses.replace(COMMANDS, number=2)],
        "src/evaluate": [Phase(1, "evaluation", "*", program="test_evaluate"), MISUSE],
        "src/ops": [Phase(1, "descriptions", "Describe*:Philox.*:Shuffle.*"), *NETWORKS, Phase(1, "ops", f"*/Op.*{SUITE}", "cpu,simt"),
                    DEVICES, TRAINING[0], *WHOLE_RUNS],
        "src/backend": [DEVICES, TRAINING[0], Phase(2, "ops", f"*/Op.*{SUITE}", "cpu,simt"), *WHOLE_RUNS],
        "src/backend/cuda": [DEVICES, *NETWORKS[2:], *KERNELS_HOST, dataclasses.replace(DEVICES, number=3)]}
# A file's own tests come before those of its folder.
OWN = {"src/backend/machine_limits": ("test_backend", "MachineLimits.*"),
       "src/train/checkpoint": ("test_train", "Checkpoint.*"), "src/train/memory": ("test_train", "Memory.*"),
       "src/train/replay": ("test_train", "Replay.*"),
       "src/train/trainer": ("test_train", "Records.*:Trainer*:Changed.*:Checkpoint.*"),
       "src/train/generator": ("test_train", "*/GeneratorTest.*"), "src/train/latent_path": ("test_train", "LatentPath.*:Spherical.*"),
       "src/train/run_checkpoints": ("test_train", "RunCheckpoints.*"),
       "src/run/run": ("test_run", "RunLoop.*:Steering.*"), "src/run/run_folder": ("test_run", "Folder.*"),
       "src/run/health": ("test_run", "Divergence.*:Spread.*:Collapse.*"),
       "src/run/kept_checkpoints": ("test_run", "Kept.*:MostBalancedEpoch.*:MostAccurateEpoch.*:Nearest.*"),
       "src/run/folder_lock": ("test_run", "Lock.*:Hindrance.*")}
# The folders of tests that decide about kernels and about host code.
TESTED_BY = {"kernels": ["ops", "ref"],
             "src": ["ops", "ref", "models", "config", "nn", "train", "run", "profile", "evaluate", "backend", "cli", "fixtures"]}


def is_kernel(name):
    return name.startswith("kernels/")


def host_phases(name):
    """The phases of the tests that must notice a break of this file."""
    own = [Phase(1, "own tests", OWN[stem][1], program=OWN[stem][0]) for stem in [name.rpartition(".")[0]] if stem in OWN]
    return own + sorted(HOST[name.rpartition("/")[0]], key=lambda p: p.number)


def programs_of(names):
    """The test programs that breaks of these files need."""
    phases = [p for n in names for p in (kernel_phases(set()) if is_kernel(n) else host_phases(n))]
    return sorted({name for p in phases for name in (p.program, p.tester) if name})


def files(root):
    """Names of all sources that are broken, relative to the root."""
    kernels = [p for p in (root / "kernels").rglob("*") if p.suffix in (".cu", ".h")]
    host = [p for folder in HOST for p in (root / folder).glob("*") if p.suffix in (".cpp", ".h")]
    return sorted(str(p.relative_to(root)) for p in kernels + host)
