"""Tiny runs of the program, and what must be true of their folders whatever has happened to them."""
import json
import os
import pathlib
import struct
import subprocess

# Twenty pictures in batches of eight: three steps an epoch. One run ends with an epoch, one within.
KINDS = {"whole": ["--epochs", "3"], "part": ["--steps", "7"]}
PICTURES = 20


def memory_folder():
    """Where files cost no disk, if there is such a place; else None, the usual temporary folder."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def tensors(path):
    """{name: bytes} of a safetensors file."""
    whole = path.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    data = whole[8 + length:]
    return {name: data[slice(*entry["data_offsets"])] for name, entry in json.loads(whole[8:8 + length]).items()
            if name != "__metadata__"}


def gif_ends(whole):
    """Whether a GIF's blocks lead to its trailer. What lies behind that nobody sees: a frame being appended."""
    def table(flags):
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    def after_parts(at):
        while whole[at]:
            at += 1 + whole[at]
        return at + 1

    try:
        at = 13 + table(whole[10])
        while whole[at] != 0x3b:
            if whole[at] == 0x21:  # an extension
                at = after_parts(at + 2)
            elif whole[at] == 0x2c:  # a frame
                at = after_parts(at + 11 + table(whole[at + 9]))
            else:
                return False
        return whole.startswith(b"GIF89a")
    except IndexError:
        return False


def is_whole(path):
    """Whether a file of a run folder ends as its format does. Checkpoints are the program's to judge."""
    whole = path.read_bytes()
    if path.suffix == ".png":
        return whole.startswith(b"\x89PNG") and whole.endswith(b"IEND\xaeB`\x82")
    if path.suffix == ".gif":
        return gif_ends(whole)
    if path.suffix == ".json":
        return whole.endswith(b"}\n") and bool(json.loads(whole))
    return True


def log_lines(path):
    """The log without times: (steps, epochs, lines that are no JSON)."""
    steps, epochs, broken = [], [], []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            broken.append(line)
            continue
        losses = record.get("loss_generator"), record.get("loss_discriminator")
        if "step" in record:
            steps.append((record["step"], record["epoch"], *losses))
        elif "epoch_s" in record:
            epochs.append((record["epoch"], *losses))
    return steps, epochs, broken


class Runs:
    """The runs of one program in a folder of their own, each compared with an unbroken one of its kind."""

    def __init__(self, program, shim, folder):
        self.program, self.shim = pathlib.Path(program).resolve(), pathlib.Path(shim).resolve()
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.data.mkdir()
        pixels = bytes(i * 2654435761 >> 13 & 255 for i in range(PICTURES * 784))
        (self.data / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, PICTURES, 28, 28) + pixels)
        self.unbroken = {}
        for kind in KINDS:
            home = self.folder / f"unbroken-{kind}"
            ended, _ = self.train(home, kind, log=self.folder / f"{kind}.log")
            if ended.returncode != 0:
                raise SystemExit(f"a run that nothing disturbs fails: {ended.stderr}")
            self.unbroken[kind] = home / "run"

    def operations(self, kind):
        """The unbroken run's file operations as (thread, number, call, path), each thread's in its order."""
        lines = [line.split(" ") for line in (self.folder / f"{kind}.log").read_text().splitlines()]
        return sorted((thread, int(number), call, path) for thread, number, call, path, _ in lines)

    def environment(self, home, at=None, how=None, log=None):
        """at: (thread, number of its operation), how: what becomes of that."""
        # With a waiting policy the program does not start itself anew: operations are counted once.
        more = {"OMP_WAIT_POLICY": "passive", "LD_PRELOAD": str(self.shim), "FAULT_FOLDER": str(home)}
        if "DCGAN_SANITIZED" in os.environ:
            more["ASAN_OPTIONS"] = "detect_leaks=0:verify_asan_link_order=0"
        if at:
            more |= {"FAULT_THREAD": at[0], "FAULT_AT": str(at[1]), "FAULT_HOW": how}
        if log:
            more["FAULT_LOG"] = str(log)
        return os.environ | more

    def arguments(self, home, kind):
        """Goes on with the run in home/run, or starts it, as a user who knows nothing of what happened."""
        run = home / "run"
        if any((run / "checkpoints").glob("*.safetensors")):
            return ["train", "--resume", run]
        return ["train", "--preset", "vanilla", "--out", run, "--data", self.data, "--batch-size", "8",
                "--threads", "1", "--backend", "cpu", "--set", "width=0.015625", *KINDS[kind]]

    def start(self, home, kind, **fault):
        home.mkdir(exist_ok=True)
        return subprocess.Popen([self.program, *self.arguments(home, kind)], env=self.environment(home, **fault),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def train(self, home, kind, **fault):
        """(the ended process with its stderr, its arguments)"""
        home.mkdir(exist_ok=True)
        arguments = self.arguments(home, kind)
        ended = subprocess.run([self.program, *arguments], env=self.environment(home, **fault),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=300)
        return ended, arguments

    def halves(self, home):
        """What is wrong with the files under final names in a folder whose run has been cut off."""
        wrong = []
        for path in sorted((home / "run").rglob("*")):
            if not path.is_file() or path.suffix == ".tmp":
                continue
            if path.suffix == ".safetensors":
                asked = subprocess.run([self.program, "info", path], env=os.environ | {"OMP_WAIT_POLICY": "passive"},
                                       capture_output=True, text=True, timeout=300)
                if asked.returncode != 0:
                    wrong.append(f"{path.name} cannot be loaded: {asked.stderr.strip()}")
            elif not is_whole(path):
                wrong.append(f"{path.name} is not whole")
        for line in log_lines(home / "run" / "log.jsonl")[2][:-1]:
            wrong.append(f"the log has a broken line within: {line[:60]!r}")
        return wrong + self.log_behind_checkpoint(home)

    def log_behind_checkpoint(self, home):
        """A checkpoint's steps are in the log, or resuming would leave a gap."""
        logged = {step[0] for step in log_lines(home / "run" / "log.jsonl")[0]}
        wrong = []
        for path in (home / "run" / "checkpoints").glob("*.safetensors"):
            number = int(path.stem.split("_")[1])
            last = number * 3 if path.stem.startswith("epoch") else number
            if last not in logged:
                wrong.append(f"{path.name} is there, but the log lacks step {last}")
        return wrong

    def differences(self, home, kind, saved_within=False):
        """What a finished run's folder has that an unbroken run's has not, or the other way round. saved_within: a
        fault has ended the run before, which may have saved its state within an epoch.
        """
        ours, theirs = home / "run", self.unbroken[kind]
        names = [{str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()} for top in (ours, theirs)]
        if saved_within:
            names[0] -= {name for name in names[0] - names[1] if name.startswith("checkpoints/step_")}
        wrong = [f"{name} is missing" for name in sorted(names[1] - names[0])]
        wrong += [f"{name} is too much" for name in sorted(names[0] - names[1])]
        for name in sorted(names[0] & names[1]):
            if name.endswith(".safetensors"):
                same = tensors(ours / name) == tensors(theirs / name)
            elif name == "config.json":
                same = json.loads((ours / name).read_text()) == json.loads((theirs / name).read_text())
            elif name == "log.jsonl":
                same = log_lines(ours / name) == log_lines(theirs / name)
            else:
                same = (ours / name).read_bytes() == (theirs / name).read_bytes()
            if not same:
                wrong.append(f"{name} differs")
        return wrong
