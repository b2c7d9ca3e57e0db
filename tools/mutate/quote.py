"""How equivalent.txt names a mutant, so that the name outlives a rename: by the function it stands in
and by its statement, of which every name but C++'s own words counts for the place it has alone.

    kernels/adam.cu adam_kernel: if (whole > @0 ==> 1@)
"""
import bisect
import dataclasses
import re

from lexer import Source
from operators import QUIET, TYPES, WORDS

NEIGHBOURS = 12  # tokens that a quote shows on either side of the change, within the statement
CONTROL = {"if", "for", "while", "switch", "catch", "constexpr"}
LABELS = ("public", "protected", "protected", "private", "default")
KEPT = TYPES | WORDS | CONTROL | {"true", "false", "nullptr", "template", "namespace", "public", "protected", "private",
                                  "override", "final", "explicit", "virtual", "default", "delete", "operator"}


def opens_block(s, i):
    """Whether token i is the { of a body rather than of a list of values."""
    if not s.is_sign(i, "{") or i not in s.partner:
        return False
    if s.is_sign(i - 1, ")") or s.is_name(i - 1, "else", "do", "try", "const", "override", "noexcept"):
        return True
    j = i - 1
    while s.is_name(j) or s.is_sign(j, "::"):
        if s.is_name(j, "namespace"):
            return True
        j -= 1
    j = i + 1
    while j < s.partner[i]:
        if s.is_sign(j, ";"):
            return True
        j = s.partner.get(j, j) + 1
    return False


def statement_begin(s, i):
    """The first token of the statement, or of the head of a body, that token i is part of."""
    while i > 0:
        j = i - 1
        if s.is_sign(j, ";"):
            opening = enclosing(s, j)
            if opening is None or not s.is_sign(opening, "("):  # else the head of a for
                return i
        elif s.is_sign(j, "{") and opens_block(s, j) or s.is_sign(j, ":") and s.is_name(j - 1, *LABELS):
            return i
        elif s.is_sign(j, "}") and opens_block(s, s.partner.get(j, j)):
            return i
        elif s.is_sign(j, ")", "]", "}"):
            j = s.partner.get(j, j)
        i = j
    return i


def statement_end(s, i):
    """The last token of that statement."""
    while i < len(s.tokens):
        if s.is_sign(i, ";"):
            opening = enclosing(s, i)
            if opening is None or not s.is_sign(opening, "("):
                return i
        elif s.is_sign(i, "{") and opens_block(s, i):
            return i - 1
        elif s.is_sign(i, "}") and opens_block(s, s.partner.get(i, i)):
            return i - 1
        elif s.is_sign(i, "(", "[", "{"):
            i = s.partner.get(i, i)
        i += 1
    return len(s.tokens) - 1


def enclosing(s, i):
    """The innermost bracket that token i stands in, or None."""
    i -= 1
    while i >= 0:
        if s.is_sign(i, *"([{"):
            return i
        i = s.partner.get(i, i) if s.is_sign(i, *")]}") else i
        i -= 1
    return None


def name_of_body(s, brace):
    """What the body that opens here belongs to: a function's or a class's name; empty for a block, a
    lambda or a namespace."""
    outer = enclosing(s, brace)
    if outer is not None and not s.is_sign(outer, "{"):
        return ""  # a lambda that is an argument
    head = range(statement_begin(s, brace), brace)
    i = head.start
    while i < brace:
        if s.is_sign(i, "(") and not s.is_name(i - 1, *QUIET):
            if not s.is_name(i - 1) or s.is_name(i - 1, *CONTROL):
                return ""
            first = i - 1
            if s.is_sign(first - 1, "~"):
                first -= 1
            while s.is_sign(first - 1, "::") and s.is_name(first - 2):
                first -= 2
            return s.between(first, i - 1)
        i = s.partner.get(i, i) + 1 if s.is_sign(i, *"([{") else i + 1
    for i in reversed(head):  # the last: a template's parameters stand before
        if s.is_name(i, "struct", "class", "union"):
            after = s.partner.get(i + 2, i) + 1 if s.is_name(i + 1, "alignas") else i + 1
            return s.tokens[after].text if s.is_name(after) else ""
    return ""


def function_of(s, i):
    """The function or class that token i stands in or opens, or empty: Impl::train."""
    names = []
    while i is not None:
        if opens_block(s, i) and (name := name_of_body(s, i)):
            names.insert(0, name)
        i = enclosing(s, i)
    return "::".join(names)


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
