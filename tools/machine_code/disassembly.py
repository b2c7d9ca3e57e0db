"""Reads what the CUDA tools print: ptxas -v, and cuobjdump's -sass, -elf and -res-usage.

Text in, plain values out: nothing here runs a program, so that tests can feed recorded snippets.
"""
import re
from collections import Counter
from dataclasses import dataclass, field

_FUNCTION = re.compile(r"^\s*Function : (\S+)")
_TARGET = re.compile(r"^\s*code for sm_(\d+)")
_INSTRUCTION = re.compile(
    r"^\s+/\*([0-9a-f]{4,})\*/\s+(@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)\s*([^;]*);")
_BRANCH_TARGET = re.compile(r"(?:^|\s)0x([0-9a-f]+)\s*$")


@dataclass
class Instruction:
    address: int
    opcode: str             # with its modifiers: LDG.E.128
    target: int = None      # of a branch
    operands: str = ""
    predicated: bool = False

    @property
    def mnemonic(self):
        return self.opcode.split(".")[0]


@dataclass
class Function:
    capability: int
    name: str               # mangled
    instructions: list = field(default_factory=list)


def functions(sass):
    """The functions in the output of cuobjdump -sass."""
    result, capability = [], None
    for line in sass.splitlines():
        if match := _TARGET.match(line):
            capability = int(match[1])
        elif match := _FUNCTION.match(line):
            result.append(Function(capability, match[1]))
        elif result and (match := _INSTRUCTION.match(line)):
            target = _BRANCH_TARGET.search(match[4]) if match[3].startswith("BRA") else None
            result[-1].instructions.append(
                Instruction(int(match[1], 16), match[3], int(target[1], 16) if target else None,
                            match[4], bool(match[2])))
    return result


def inner_loop(instructions):
    """Of the loops that contain no other, the one with the most products of tensor cores, or else the most
    FMAs: its instructions, or [].

    A loop is what lies between a backward branch and its target. The branch on itself that ends
    every function is none.
    """
    loops = [(i.target, i.address) for i in instructions
             if i.target is not None and i.target < i.address]

    def contains_another(loop):
        return any(other != loop and loop[0] <= other[0] and other[1] <= loop[1] for other in loops)

    bodies = [[i for i in instructions if begin <= i.address <= end]
              for begin, end in loops if not contains_another((begin, end))]
    return max(bodies, key=lambda body: (mma_count(body), fma_count(body)), default=[])


def fma_count(instructions):
    """Multiply-adds in single precision; FFMA2 does two."""
    return sum(2 if i.mnemonic == "FFMA2" else 1 for i in instructions
               if i.mnemonic in ("FFMA", "FFMA2"))


def mma_count(instructions):
    """Products of tensor cores: mma.m16n8k8 is one instruction."""
    return sum(i.mnemonic == "HMMA" for i in instructions)


MEMORY = ("LDGSTS", "LDG", "STG", "LDS", "STS", "LDL", "STL", "LD", "ST")


def accesses(instructions):
    """Counts of memory instructions by kind and width in bits: {"LDG": {128: 4}, ...}.

    LD and ST are generic: the compiler could not tell which memory the pointer is of. LDGSTS copies from
    global to shared memory.
    """
    counts = {}
    for i in instructions:
        if i.mnemonic in MEMORY:
            counts.setdefault(i.mnemonic, Counter())[_width(i.opcode)] += 1
    return {kind: dict(sorted(widths.items())) for kind, widths in counts.items()}


def _width(opcode):
    for part in opcode.split(".")[1:]:
        if part in ("128", "64"):
            return int(part)
        if part in ("U8", "S8"):
            return 8
        if part in ("U16", "S16"):
            return 16
    return 32


_REGISTER = re.compile(r"(?<![A-Z])R(\d+)")


def loads_in_flight(instructions):
    """Of loads from global memory, by width in bits, the most that are on their way before the first of
    them is waited for: {128: 4}.

    Instructions are read in the order they stand in. A load is waited for where one of its registers is
    named again; those behind a jump that is always taken are others.
    """
    most, pending, counts = Counter(), set(), Counter()

    def waited():
        for bits, count in counts.items():
            most[bits] = max(most[bits], count)
        pending.clear()
        counts.clear()

    for i in instructions:
        named = {int(r) for r in _REGISTER.findall(i.operands)}
        if named & pending or (i.mnemonic in ("BRA", "EXIT", "RET") and not i.predicated):
            waited()
        if i.mnemonic == "LDG" and (to := _REGISTER.match(i.operands)):
            bits = _width(i.opcode)
            pending.update(range(int(to[1]), int(to[1]) + max(bits // 32, 1)))
            counts[bits] += 1
    waited()
    return dict(sorted(most.items()))


def double_count(instructions):
    """Arithmetic in double precision, which runs at 1/32 or 1/64 of the rate on most GPUs."""
    return sum(i.mnemonic in ("DFMA", "DADD", "DMUL", "DSETP", "DMNMX") for i in instructions)


_COMPILING = re.compile(r"Compiling entry function '(\S+)' for 'sm_(\d+)'")
_SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


@dataclass
class Resources:
    registers: int = 0
    shared_bytes: int = 0         # static
    stack_bytes: int = 0
    spill_store_bytes: int = None  # None: unknown, a built library does not say
    spill_load_bytes: int = None


def ptxas_resources(text):
    """{mangled name: Resources} of the output of ptxas -v."""
    result, current = {}, None
    for line in text.splitlines():
        if match := _COMPILING.search(line):
            current = result.setdefault(match[1], Resources())
        elif current is not None and (match := _SPILLS.search(line)):
            current.stack_bytes, current.spill_store_bytes, current.spill_load_bytes = (
                int(match[1]), int(match[2]), int(match[3]))
        elif current is not None and (match := _USED.search(line)):
            current.registers = int(match[1])
            shared = _SHARED.search(line)
            current.shared_bytes = int(shared[1]) if shared else 0
            current = None
    return result


_USAGE_FUNCTION = re.compile(r"^\s*Function (\S+):")
_USAGE = re.compile(r"REG:(\d+) STACK:(\d+) SHARED:(\d+)")
_ELF_TARGET = re.compile(r"^\s*(?:arch = |code for )sm_(\d+)")


def library_resources(text):
    """{(capability, mangled name): Resources} of the output of cuobjdump -res-usage."""
    result, name, capability = {}, None, None
    for line in text.splitlines():
        if match := _ELF_TARGET.match(line):
            capability = int(match[1])
        elif match := _USAGE_FUNCTION.match(line):
            name = match[1]
        elif name and (match := _USAGE.search(line)):
            shared = int(match[3])
            if shared and capability and capability >= 90:
                shared -= 1024  # what the system reserves in each block is counted here
            result[capability, name] = Resources(int(match[1]), shared, int(match[2]))
            name = None
    return result


_INFO_SECTION = re.compile(r"^\.nv\.info\.(\S+)$")
_MAX_THREADS = re.compile(r"Value:\s*0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+)")


def block_threads(elf):
    """{mangled name: threads of its __launch_bounds__} of the output of cuobjdump -elf."""
    result, name, wanted = {}, None, False
    for line in elf.splitlines():
        line = line.strip()
        if match := _INFO_SECTION.match(line):
            name = match[1]
        elif "EIATTR_MAX_THREADS" in line:
            wanted = True
        elif wanted and (match := _MAX_THREADS.match(line)):
            x, y, z = (int(match[i], 16) for i in (1, 2, 3))
            result[name], wanted = x * y * z, False
    return result
