"""Where statements begin and end, and which function or class they stand in."""
from operators import QUIET

CONTROL = {"if", "for", "while", "switch", "catch", "constexpr"}
LABELS = ("public", "protected", "private", "default")
CLASSES = ("struct", "class", "union")


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
        if s.is_name(i, *CLASSES):
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
