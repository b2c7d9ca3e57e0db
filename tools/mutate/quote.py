"""How equivalent.txt names a mutant, so that the name outlives a rename: by the function it stands in
and by its statement, of which every name but C++'s own words counts for the place it has alone.

    kernels/adam.cu adam_kernel: if (whole > @0 ==> 1@)
"""
import bisect
import dataclasses
import re

from lexer import Source
from operators import TYPES, WORDS
from statements import CONTROL, function_of, opens_block, statement_begin, statement_end

NEIGHBOURS = 12  # tokens that a quote shows on either side of the change, within the statement
KEPT = TYPES | WORDS | CONTROL | {"true", "false", "nullptr", "template", "namespace", "public", "protected", "private",
                                  "override", "final", "explicit", "virtual", "default", "delete", "operator"}


def spaced_text(s, first, last):
    """Tokens first .. last in one line, with a blank where the source has any."""
    text = ""
    for i in range(first, last + 1):
        gap = i > first and s.tokens[i].start > s.tokens[i - 1].end
        text += (" " if gap else "") + s.tokens[i].text
    return text


@dataclasses.dataclass(frozen=True)
class Quote:
    """A change within its statement. The parts are C++; `change` is None where every mutant of the
    statement is meant."""
    function: str
    left: str
    change: tuple  # (tokens, their replacement), or None
    right: str

    def __str__(self):
        inside = "*" if self.change is None else " ==> ".join(self.change)
        return f"{self.left}@{inside}@{self.right}"

    def words(self):
        parts = (self.left, *(self.change or ("@",)), self.right)
        return [[t.text for t in Source("", part).tokens] for part in parts]

    def shape(self):
        """What is left where names count for their places alone."""
        places = {}
        return tuple(tuple(places.setdefault(w, len(places)) if is_name(w) else w for w in part)
                     for part in self.words())

    def names(self):
        return [w for part in self.words() for w in part if is_name(w)]


def is_name(word):
    return re.match(r"[A-Za-z_]", word) is not None and word not in KEPT


def parse_quote(function, text):
    """The quote that is written so, or None."""
    match = re.fullmatch(r"([^@]*)@(\*|[^@]* ==> [^@]*)@([^@]*)", text)
    if not match:
        return None
    left, inside, right = match.groups()
    return Quote(function, left, None if inside == "*" else tuple(inside.split(" ==> ")), right)


def quotes_of(s, mutants):
    """mutant id -> (its quote, that of its whole statement)"""
    starts = [t.start for t in s.tokens]
    found = {}
    for m in mutants:
        first, last = bisect.bisect_left(starts, m.start), bisect.bisect_left(starts, m.end) - 1
        begin, end = statement_begin(s, first), statement_end(s, last)
        function = function_of(s, end + 1 if opens_block(s, end + 1) else begin)
        left, right = max(begin, first - NEIGHBOURS), min(end, last + NEIGHBOURS)
        before = ("..." if left > begin else "") + spaced_text(s, left, first)
        after = spaced_text(s, last, right) + ("..." if right < end else "")
        quote = Quote(function, before[:len(before) - len(s.tokens[first].text)],
                      (spaced_text(s, first, last), " ".join(m.replacement.split())),
                      after[len(s.tokens[last].text):])
        stop = min(end, begin + 2 * NEIGHBOURS)
        statement = " " + spaced_text(s, begin, stop) + ("..." if stop < end else "")
        found[m.id] = quote, Quote(function, "", None, statement)
    return found
