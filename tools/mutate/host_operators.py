"""Ways to break host code alone: forgetting a call, taking another of several names that are alike."""
from operators import TYPES, WORDS, is_use, names, operand_begin, operand_end
from statements import CLASSES, CONTROL, enclosing, opens_block, statement_begin

# Of these enumerators and constants each is tried in the place of another; of others, those that the
# file itself knows.
ALIKE = {"random_stream": ["shuffle", "noise", "sample", "dropout"], "Mode": ["inference", "training"],
         "Masks": ["draw", "given"]}
COUNTERS = {"step", "epoch", "pass", "first", "first_row", "dx_first_row"}
SIZES = {"rows", "n"}
PAIRS = [("generator", "discriminator"), ("m", "v"), ("values", "gradients"), ("values", "moving"),
         ("beta1", "beta2"), ("compute", "copy"), ("computed", "uploaded"), ("step", "epoch"), ("step", "seed"),
         ("kernel", "bias"), ("dx", "dy"), ("data", "weights"), ("dgamma", "dbeta"), ("mean", "std"),
         ("logits", "losses"), ("high", "low"), ("noise", "images"), ("host", "device"), ("latent", "image")]
name = names(PAIRS, called=True)


def messages(s):
    """Indices of tokens that only say what went wrong: whether it is noticed is its condition's matter."""
    found, i = set(), 0
    while i < len(s.tokens):
        if s.is_name(i, "throw"):
            while not s.is_sign(i, ";"):
                found.add(i)
                i += 1
        i += 1
    return found


def in_function(s, i):
    """Whether this is a statement that is executed: its block is no class's and no namespace's."""
    block = enclosing(s, i)
    if block is None or not opens_block(s, block):
        return False
    head = range(statement_begin(s, block), block)
    return s.is_sign(block - 1, ")") or not any(s.is_name(j, *CLASSES, "namespace") for j in head)


def after_control(s, i):
    """The first token of what the heads of if, for and their like before it lead to."""
    while True:
        if s.is_name(i, *CONTROL):
            while s.is_name(i):
                i += 1
            i = s.partner.get(i, i) + 1
        elif s.is_name(i, "else", "do"):
            i += 1
        elif s.is_name(i, "case"):
            while not s.is_sign(i, ":", ";"):
                i += 1
            i += 1
        else:
            return i


def omission(s):
    """A call or an assignment that is a statement of its own is left out."""
    for i in range(len(s.tokens)):
        if not s.is_sign(i, ";") or not in_function(s, i):
            continue
        begin = after_control(s, statement_begin(s, i))
        if begin >= i or s.is_name(begin, *(TYPES | WORDS)):
            continue
        end = operand_end(s, begin)
        called = end == i - 1 and s.is_sign(end, ")")
        assigned = end is not None and s.is_sign(end + 1, "=", "+=", "-=", "*=", "/=", "|=", "&=", "^=")
        if called or assigned or s.is_sign(begin, "++", "--"):
            yield begin, s.tokens[begin].start, s.tokens[i - 1].end, ""


def enumerator(s):
    """Another stream of random numbers, another mode."""
    found, known = [], {kind: list(alike) for kind, alike in ALIKE.items()}
    for i in range(len(s.tokens)):
        kind = s.tokens[i - 2].text if i > 1 and s.is_sign(i - 1, "::") and s.is_name(i - 2) else ""
        if s.is_name(i) and (kind[:1].isupper() or kind in known) and not s.is_sign(i + 1, "(", "::", "<", "{"):
            found.append((i, kind))
            if s.tokens[i].text not in known.setdefault(kind, []):
                known[kind].append(s.tokens[i].text)
    for i, kind in found:
        alike = known[kind]
        other = alike[(alike.index(s.tokens[i].text) + 1) % len(alike)]
        if other != s.tokens[i].text:
            yield i, s.tokens[i].start, s.tokens[i].end, other


def counter(s):
    """A step, an epoch or an offset that does not count, or is one too far; one row for all."""
    for i, token in enumerate(s.tokens):
        if not s.is_name(i, *COUNTERS, *SIZES) or s.is_sign(i + 1, "=", "++", "--", "(", "{", ".", "->", "[", "::"):
            continue
        begin = operand_begin(s, i)
        if begin is None or not is_use(s, begin) or s.is_sign(begin - 1, "++", "--"):
            continue
        whole = s.between(begin, i)
        for other in ("0", f"({whole} + 1)") if token.text in COUNTERS else ("1",):
            yield i, s.tokens[begin].start, token.end, other
