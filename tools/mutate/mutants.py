"""All ways to break a file, one place at a time."""
import dataclasses
import hashlib
import re

import host_operators
import operators
from lexer import Source
from operators import one_line


@dataclasses.dataclass(frozen=True)
class Mutant:
    id: str
    file: str
    line: int
    operator: str
    start: int
    end: int
    replacement: str
    before: str  # the lines it touches, blanks made single
    after: str

    def apply(self, text):
        return text[:self.start] + self.replacement + text[self.end:]


SHARED = {"relation": operators.signs(operators.RELATIONS), "arithmetic": operators.signs(operators.ARITHMETIC),
          "index": operators.index, "operands": operators.operands, "condition": operators.condition,
          "reset": operators.reset, "constant": operators.constant, "boolean": operators.boolean,
          "dimension": operators.names(operators.SWAPS), "arguments": operators.arguments}
KERNEL = {"barrier": operators.barrier, **SHARED}
HOST = {**SHARED, "omission": host_operators.omission, "enumerator": host_operators.enumerator,
        "counter": host_operators.counter, "name": host_operators.name}
OPERATORS = {**KERNEL, **HOST}


def mutants_of(name, text):
    """All mutants of a file. An id stays while the lines it touches do, wherever they move."""
    source = Source(name, text)
    kernel = name.startswith("kernels/")
    quiet = operators.quiet_places(source) | (set() if kernel else host_operators.messages(source))
    found, seen, ids = [], set(), set()
    for operator, places in (KERNEL if kernel else HOST).items():
        for token, start, end, replacement in places(source):
            if token in quiet or (start, end, replacement) in seen:
                continue
            seen.add((start, end, replacement))
            first, last = source.lines(start, end)
            before = one_line(without_comment(text[first:last]))
            after = one_line(without_comment(text[first:start] + replacement + text[end:last]))
            if before == after:
                continue
            copies = 0
            while True:
                key = "\0".join((name, before, after, str(copies)))
                identity = hashlib.sha1(key.encode()).hexdigest()[:8]
                if identity not in ids:
                    break
                copies += 1
            ids.add(identity)
            found.append(Mutant(identity, name, source.line(start), operator, start, end, replacement,
                                before, after))
    return sorted(found, key=lambda m: (m.start, m.end, m.replacement))


def without_comment(lines):
    return "\n".join(re.sub(r"\s*//.*", "", line) for line in lines.split("\n"))
