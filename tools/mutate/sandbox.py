"""A copy of the tree, its build, and the parts of it that a broken file must rebuild.

The checkout is only read. A mutant lives in its worker's folder: the broken file, which comes first in
the include path, and the objects and the test programs made from it.
"""
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading

from targets import PROGRAMS, TESTED_BY

COPIED = ("CMakeLists.txt", "bench", "cmake", "examples", "include", "kernels", "src", "tests")
INCLUDED = ("", "src", "include")  # where the project's includes begin
# Quick to compile, and fast enough to run; check mode has optimisation of its own. What is not
# initialised holds a pattern, so that a forgotten initialiser does not meet a zero by chance, and an
# index beside an array or a vector traps: check mode does not watch those, CI's sanitizers do.
FLAGS = ["-w", "-ftrivial-auto-var-init=pattern", "-fsanitize=bounds", "-fsanitize-undefined-trap-on-error",
         "-D_GLIBCXX_ASSERTIONS"]
OPTIMISATION = "-O1"
# The mutant's objects come first and win: an archive's may follow for a template that the mutant lacks.
LINKED_BY = ["-Wl,--allow-multiple-definition"]
if shutil.which("ld.gold"):
    LINKED_BY.append("-fuse-ld=gold")  # in half the time


class SandboxError(Exception):
    """One sentence for the user."""


@dataclasses.dataclass
class Finished:
    status: int
    output: str
    cpu_seconds: float
    timed_out: bool


def run(command, *, cwd=None, env=None, cpu_seconds=None, wall_seconds=None):
    """Runs a command under limits; over the limit of CPU time the kernel ends it."""
    if cpu_seconds:
        command = ["sh", "-c", 'ulimit -t "$0"; exec "$@"', str(int(cpu_seconds) + 1), *command]
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    late = threading.Event()

    def end():
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(wall_seconds, end) if wall_seconds else None
    if timer:
        timer.start()
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    if timer:
        timer.cancel()
    process.stdout.close()
    process.returncode = status = os.waitstatus_to_exitcode(status)
    timed_out = late.is_set() or status in (-signal.SIGXCPU, -signal.SIGKILL)
    return Finished(status, output, usage.ru_utime + usage.ru_stime, timed_out)


def digest(paths):
    sha = hashlib.sha1()
    for path in sorted(paths):
        sha.update(str(path).encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


class Sandbox:
    def __init__(self, root, folder, jobs, programs):
        self.root, self.folder, self.jobs, self.programs = root, folder, jobs, programs
        self.source, self.build = folder / "source", folder / "build"

    def prepare(self):
        """Brings the copy up to date and builds its test programs, unbroken."""
        self._copy()
        if not (self.build / "build.ninja").exists():
            launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
            self._must(["cmake", "-S", str(self.source), "-B", str(self.build), "-G", "Ninja",
                        "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_FLAGS_RELEASE={OPTIMISATION} -DNDEBUG",
                        "-DDCGAN_CUDA=OFF", "-DCMAKE_UNITY_BUILD=OFF", *launcher], "configured")
        self._must(["cmake", "--build", str(self.build), "-j", str(self.jobs), "--target", *self.programs],
                   "built")
        commands = json.loads((self.build / "compile_commands.json").read_text())
        self.compile = {re.search(r" -o (\S+) -c ", c["command"]).group(1): c for c in commands}
        self.unbroken = {}  # object -> what its unbroken sources compile to as mutants do
        self.headers = {}  # object -> what its source includes, compiled once for all mutants of that source
        self.compiling = {output: threading.RLock() for output in self.compile}
        self.link, self.objects = {}, {}  # program -> the command, its objects
        for program in self.programs:
            self.link[program], self.objects[program] = self._examine(program)
        needed = set().union(*self.objects.values())
        self.users = {}  # source file -> the objects it goes into
        for output, files in self._dependencies().items():
            for file in files:
                if output in needed:
                    self.users.setdefault(file, []).append(output)
        self._suites = {}

    def program(self, name):
        """Where the unbroken one lies."""
        return self.build / PROGRAMS[name] / name

    def suite_of(self, file):
        """Stands for the sources and the tests that decide whether a mutant of this file survives."""
        part = file.split("/")[0]
        if part not in self._suites:
            folders = ["kernels", "src", "include", *(f"tests/{folder}" for folder in TESTED_BY[part])]
            self._suites[part] = digest(p for folder in folders
                                        for p in (self.source / folder).rglob("*") if p.is_file())
        return self._suites[part]

    def _copy(self):
        kept = set()
        for name in COPIED:
            top = self.root / name
            for path in [top] if top.is_file() else sorted(top.rglob("*")):
                if not path.is_file() or "__pycache__" in path.parts:
                    continue
                to = self.source / path.relative_to(self.root)
                kept.add(to)
                content = path.read_bytes()
                if not to.exists() or to.read_bytes() != content:  # else nothing is rebuilt
                    to.parent.mkdir(parents=True, exist_ok=True)
                    to.write_bytes(content)
        for path in self.source.rglob("*"):
            if path.is_file() and path not in kept:
                path.unlink()

    def _must(self, command, what):
        done = run(command)
        if done.status != 0:
            tail = "\n".join(done.output.splitlines()[-30:])
            raise SandboxError(f"the unbroken copy in {self.folder} cannot be {what}:\n{tail}")
        return done.output

    def _ninja(self, *arguments):
        return self._must(["ninja", "-C", str(self.build), "-t", *arguments], "examined")

    def _examine(self, program):
        """The command that links it, and its objects."""
        text = self._ninja("commands", program)
        objects = {word for line in text.splitlines() for word in line.split() if word in self.compile}
        for line in text.splitlines():
            for part in line.split(" && "):
                if re.search(rf" -o \S*{program}( |$)", part):
                    return shlex.split(part), objects
        raise SandboxError(f"ninja names no command that links {program}")

    def _dependencies(self):
        """object -> the files of the project it was compiled from."""
        found, output = {}, None
        prefix = os.path.realpath(self.source) + "/"
        for line in self._ninja("deps").splitlines():
            if line and not line[0].isspace():
                output = line.split(":")[0]
            elif line.strip():
                # Headers are found through the links to their layers.
                path = os.path.realpath(os.path.join(self.build, line.strip()))
                if path.startswith(prefix):
                    found.setdefault(output, []).append(path[len(prefix):])
        return found

    def worker(self, number):
        return Worker(self, self.folder / f"worker{number}")


class Worker:
    """Builds one mutant after another."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder = sandbox, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.objects, self.linked = {}, {}

    def begin(self, mutant):
        self.mutant, self.objects, self.linked = mutant, {}, {}
        text = (self.sandbox.source / mutant.file).read_text()
        (self.folder / mutant.file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / mutant.file).write_text(mutant.apply(text))

    def end(self):
        (self.folder / self.mutant.file).unlink()
        for path in self.objects.values():
            path.unlink(missing_ok=True)

    def users(self, programs):
        """The objects of these programs that the broken file goes into, those that compile fastest first."""
        needed = set().union(*(self.sandbox.objects[p] for p in programs))
        return sorted((u for u in self.sandbox.users.get(self.mutant.file, []) if u in needed),
                      key=lambda output: (self.sandbox.build / output).stat().st_size)

    def changes(self, program):
        return any(output in self.sandbox.objects[program] and not self.same(output) for output in self.objects)

    def compile(self, outputs):
        """False where the compiler refuses the mutant."""
        for output in outputs:
            made = self.folder / ("%03d.o" % len(self.objects))
            if not self._compile(output, self.folder, made):
                return False
            self.objects[output] = made
        return True

    def same(self, output):
        """Whether the compiler makes of the mutant what it makes of the unbroken source."""
        with self.sandbox.compiling[output]:
            if output not in self.sandbox.unbroken:
                made = self.folder / "unbroken.o"
                if not self._compile(output, self.sandbox.source, made):
                    raise SandboxError(f"{output} does not compile with the mutants' flags")
                self.sandbox.unbroken[output] = made.read_bytes()
        return self.objects[output].read_bytes() == self.sandbox.unbroken[output]

    def _headers(self, output, words):
        """Options that take the headers of the broken source from the compiler's own form of them."""
        with self.sandbox.compiling[output]:
            if output not in self.sandbox.headers:
                header = self.sandbox.folder / "headers" / (output.replace("/", "-") + ".h")
                header.parent.mkdir(exist_ok=True)
                text = (self.sandbox.source / self.mutant.file).read_text()
                included = re.match(r"(?:\s*//[^\n]*\n|\s*#include [^\n]*\n)*", text).group()
                header.write_text(included)
                made = [*words[:words.index("-c")], "-x", "c++-header", str(header)]
                made[made.index("-o") + 1] = f"{header}.gch"
                done = bool(included) and run(made, cwd=self.sandbox.build).status == 0
                self.sandbox.headers[output] = ["-include", str(header)] if done else []
        return self.sandbox.headers[output]

    def _compile(self, output, tree, made):
        """tree: where the broken file lies, or the unbroken one."""
        entry = self.sandbox.compile[output]
        words = shlex.split(entry["command"])
        if os.path.basename(words[0]) == "ccache":
            words = words[1:]
        words[words.index("-o") + 1] = str(made)
        source = str(self.sandbox.source / self.mutant.file)
        words = [str(tree / self.mutant.file) if w == source else w for w in words]
        # Messages name the same files wherever they are compiled.
        added = [*FLAGS, *(f"-fmacro-prefix-map={folder}=." for folder in (self.sandbox.source, self.folder))]
        at = words.index("-c")
        words[at:at] = added
        # In place of the links to the layers, so that headers have the same paths in both.
        words[1:1] = [f"-I{top / folder}" for top in (tree, self.sandbox.source) for folder in INCLUDED]
        words = [w for w in words if w not in ("-MD", "-MMD")]
        for flag in ("-MT", "-MF"):
            if flag in words:
                del words[words.index(flag):words.index(flag) + 2]
        if source in entry["command"]:
            words[words.index("-c"):words.index("-c")] = self._headers(output, words)
        return run(words, cwd=entry["directory"], cpu_seconds=120).status == 0

    def link(self, program):
        """The test program with the mutant's objects in the place of the others; those that archives
        hold are never taken out, as what they define is there already."""
        made = {output: path for output, path in self.objects.items() if output in self.sandbox.objects[program]}
        path = self.folder / program
        if self.linked.get(program) == set(made):
            return path
        words = [str(made[w]) if w in made else w for w in self.sandbox.link[program]]
        at = words.index("-o")
        words[at + 1] = str(path)
        words[at + 2:at + 2] = [*LINKED_BY, *(str(p) for output, p in made.items() if output not in self.sandbox.link[program])]
        done = run(words, cwd=self.sandbox.build, wall_seconds=600)
        if done.status != 0:
            raise SandboxError(f"mutant {self.mutant.id} cannot be linked:\n{done.output[-2000:]}")
        self.linked[program] = set(made)
        return path
