"""Arguments why some mutants change nothing, in equivalent.txt, and the mutants they speak of."""
import dataclasses
import re

from lexer import Source
from quote import Quote, parse_quote, quotes_of


@dataclasses.dataclass(frozen=True)
class Argument:
    """One line of equivalent.txt: FILE FUNCTION [#N]: STATEMENT WITH @CODE ==> MUTATED CODE@ // REASON.
    @*@ stands for every mutant of the statement, `...` for where a long statement is cut. N counts the
    function's mutants that differ in names alone."""
    file: str
    quote: Quote
    number: int  # 0: there is one alone
    reason: str

    def __str__(self):
        place = " ".join(filter(None, (self.file, self.quote.function, f"#{self.number}" if self.number else "")))
        return f"{place}: {self.quote} // {self.reason}"


def read_arguments(path):
    arguments = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"(\S+)(?: ([^\s#]+))?(?: #(\d+))?: (.*) // (.*\S)\s*", line)
        quote = match and parse_quote(match.group(2) or "", match.group(4))
        if not quote:
            raise ValueError(f"{path}:{number}: expected FILE FUNCTION: ...@CODE ==> MUTATED CODE@... // REASON")
        arguments.append(Argument(match.group(1), quote, int(match.group(3) or 0), match.group(5)))
    return arguments


class FileOfMutants:
    """All mutants of one file, by what a quote keeps of them when names change."""

    def __init__(self, name, text, mutants):
        self.name, self.mutants = name, mutants
        self.quotes = quotes_of(Source(name, text), mutants)
        self.alike = {}  # (function, shape) -> mutants, in the file's order
        for m in mutants:
            for quote in set(self.quotes[m.id]):
                self.alike.setdefault((quote.function, quote.shape()), []).append(m)

    def named_by(self, argument):
        """The mutants it speaks of. Where several statements have its shape, the one whose names agree
        best; among several that agree equally, the number decides."""
        quote = argument.quote
        alike = self.alike.get((quote.function, quote.shape()), [])
        names = quote.names()

        def agreeing(mutant):
            other = self.quotes[mutant.id][quote.change is None].names()
            return sum(a == b for a, b in zip(names, other))

        best = max(map(agreeing, alike), default=0)
        found = [m for m in alike if agreeing(m) == best]
        if quote.change is None or len(found) == 1:
            return found
        return [m for m in alike[max(argument.number - 1, 0):argument.number] if m in found]

    def argument_for(self, mutant, reason):
        """The line that speaks of this mutant."""
        quote = self.quotes[mutant.id][0]
        alike = self.alike[quote.function, quote.shape()]
        return Argument(mutant.file, quote, alike.index(mutant) + 1 if len(alike) > 1 else 0, reason)
