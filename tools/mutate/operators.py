"""The ways to break any code here, one place at a time. Each operator yields the token that the place
begins with, its start and end, and the replacement."""
import re

RELATIONS = {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"], "+=": ["-="], "-=": ["+="],
              "*=": ["/="], "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"], "^": ["|"],
              "|=": ["&="], "&&": ["||"], "||": ["&&"]}
NOT_COMMUTATIVE = ("-", "/", "%", "<<", ">>")
SWAPS = [("height", "width"), ("rows", "columns"), ("row", "column"), ("in", "out"), ("top", "left"),
         ("h", "w"), ("oh", "ow"), ("kh", "kw"), ("m", "n"), ("i", "j"), ("s", "t"), ("x", "y"),
         ("y", "z"), ("parts", "channels"), ("low", "high"), ("lane", "warp"), ("mean", "variance"),
         ("gamma", "beta"), ("real", "fake"), ("word", "round"), ("stride", "size"), ("first", "count")]
TYPES = {"int", "float", "double", "bool", "auto", "unsigned", "const", "constexpr", "void", "char",
         "size_t", "int64_t", "uint64_t", "uint32_t", "uint8_t", "float4", "struct", "typename",
         "class", "using", "static", "inline", "enum", "alignas"}
WORDS = {"return", "else", "case", "break", "continue", "throw", "do"}
# What these words' brackets hold changes no result or is no code: bounds for registers, alignment,
# compile-time assertions, messages, template parameters.
QUIET = {"static_assert", "__launch_bounds__", "alignas", "DCGAN_UNROLL_BY", "__attribute__", "check",
         "DeviceError", "invalid_argument", "sizeof", "decltype"}


def one_line(text):
    return " ".join(text.split())


def quiet_places(s):
    """Indices of tokens that no operator touches."""
    quiet = set()
    for i in range(len(s.tokens)):
        if s.is_name(i, *QUIET) and s.is_sign(i + 1, "(") and i + 1 in s.partner:
            quiet.update(range(i, s.partner[i + 1] + 1))
        elif s.is_name(i, "template") and s.is_sign(i + 1, "<"):
            depth, j = 0, i + 1
            while j < len(s.tokens):
                depth += {"<": 1, ">": -1, ">>": -2}.get(s.tokens[j].text, 0)
                if depth <= 0:
                    break
                j += 1
            quiet.update(range(i, j + 1))
        elif s.is_sign(i, "[") and is_declaration(s, i):
            quiet.update(range(i, s.partner.get(i, i) + 1))
        elif s.is_name(i, "namespace", "using", "enum"):
            j = i
            while j < len(s.tokens) and not s.is_sign(j, ";", "{"):
                j += 1
            quiet.update(range(i, s.partner.get(j, j) if s.is_name(i, "enum") else j))
    return quiet


def is_declaration(s, bracket):
    """Whether this [ opens a dimension of an array that is declared here, or a lambda."""
    i = bracket - 1
    while s.is_sign(i, "]") and i in s.partner:
        i = s.partner[i] - 1
    if s.is_sign(i, ")"):  # float (&a)[8]
        return s.is_sign(s.partner.get(i, i) + 1, "&")
    if not s.is_name(i):
        return True
    return (s.is_name(i - 1) and s.tokens[i - 1].text not in WORDS) or \
        (s.is_sign(i - 1, ">", "&", "*") and not s.spaced(i - 1))


def operand_end(s, i):
    """The last token of the primary expression that begins at token i, or None."""
    if s.is_sign(i, "(") and i in s.partner:
        j = s.partner[i]
    elif s.is_name(i) or (0 <= i < len(s.tokens) and s.tokens[i].kind == "number"):
        j = i
    else:
        return None
    while True:
        if s.is_sign(j + 1, "(", "[") and j + 1 in s.partner:
            j = s.partner[j + 1]
        elif s.is_sign(j + 1, ".", "->", "::") and s.is_name(j + 2):
            j += 2
        elif s.is_sign(j + 1, "<") and not s.spaced(j + 1) and s.is_name(j):
            k = j + 2
            while k < len(s.tokens) and not s.is_sign(k, ">", ";", "("):
                k += 1
            if not s.is_sign(k, ">"):
                return j
            j = k
        else:
            return j


def operand_begin(s, i):
    """The first token of the primary expression that ends at token i, or None."""
    j = i
    while True:
        if s.is_sign(j, ")", "]") and j in s.partner:
            opening = s.partner[j]
            if s.is_name(opening - 1) and s.tokens[opening - 1].text not in WORDS or \
                    s.is_sign(opening - 1, "]", ")"):
                j = opening - 1
                continue
            if s.is_sign(opening - 1, ">") and not s.spaced(opening - 1):
                k = opening - 2
                while k > 0 and not s.is_sign(k, "<", ";"):
                    k -= 1
                j = k - 1
                continue
            j = opening
        elif not (s.is_name(j) or (j >= 0 and s.tokens[j].kind == "number")):
            return None
        if s.is_sign(j - 1, ".", "->", "::"):
            j -= 2
            continue
        return j


def joins_texts(s, i):
    """Whether this + is between strings, which know no other sign."""
    return s.is_sign(i, "+") and any(t.text[:1] == '"' for t in s.tokens[i - 1:i + 2])


def signs(table):
    def operator(s):
        for i, token in enumerate(s.tokens):
            if token.kind == "sign" and s.spaced(i) and not joins_texts(s, i):
                for other in table.get(token.text, ()):
                    yield i, token.start, token.end, other
    return operator


def barrier(s):
    for i in range(len(s.tokens)):
        if s.is_name(i, "__syncthreads", "__syncwarp", "cp_async_wait") and s.is_sign(i + 1, "("):
            end = s.partner[i + 1]
            yield i, s.tokens[i].start, s.tokens[end].end, "static_cast<void>(0)"


def index(s):
    for i in range(len(s.tokens)):
        if not s.is_sign(i, "[") or is_declaration(s, i) or i not in s.partner:
            continue
        if s.partner[i] == i + 1 or s.tokens[i + 1].kind == "text":
            continue
        inside = s.between(i + 1, s.partner[i] - 1)
        for change in (" + 1", " - 1"):
            yield (i, s.tokens[i + 1].start, s.tokens[s.partner[i] - 1].end,
                   (inside if s.partner[i] == i + 2 else f"({inside})") + change)


def operands(s):
    for i, token in enumerate(s.tokens):
        if token.kind != "sign" or token.text not in NOT_COMMUTATIVE or not s.spaced(i):
            continue
        begin, end = operand_begin(s, i - 1), operand_end(s, i + 1)
        if begin is None or end is None:
            continue
        left, right = s.between(begin, i - 1), s.between(i + 1, end)
        if one_line(left) != one_line(right):
            yield i, s.tokens[begin].start, s.tokens[end].end, f"{right} {token.text} {left}"


def part_of_condition(s, i, step):
    """The token before which (step 1) or after which (-1) a part of a condition ends."""
    while 0 <= i < len(s.tokens):
        if s.is_sign(i, "(", "[", "{") and step > 0 or s.is_sign(i, ")", "]", "}") and step < 0:
            i = s.partner.get(i, i)
        elif s.is_sign(i, "(", ")", "[", "]", "{", "}", ",", ";", "&&", "||", "?", ":", "=", "!") or \
                s.is_name(i, "return"):
            return i
        i += step
    return i


def condition(s):
    for i, token in enumerate(s.tokens):
        if s.is_name(i, "if", "while") and s.is_sign(i + 1, "(") and i + 1 in s.partner:
            begin, end = i + 2, s.partner[i + 1] - 1
            for value in ("true", "false") if token.text == "if" else ("false",):
                yield i, s.tokens[begin].start, s.tokens[end].end, value
        elif s.is_sign(i, "&&", "||") and s.spaced(i):
            # One check of several is forgotten.
            neutral = "true" if token.text == "&&" else "false"
            right = i + 1
            while s.is_sign(right, "!"):
                right += 1
            right = part_of_condition(s, right, 1) - 1
            yield i, s.tokens[i + 1].start, s.tokens[right].end, neutral
            left = part_of_condition(s, i - 1, -1) + 1
            while s.is_sign(left - 1, "!"):
                left -= 1
            if not s.is_sign(left - 1, "&&", "||"):
                yield i, s.tokens[left].start, s.tokens[i - 1].end, neutral
        elif s.is_sign(i, "?") and s.spaced(i):
            begin = i
            while True:
                begin = part_of_condition(s, begin - 1, -1)
                if not s.is_sign(begin, "&&", "||", "!"):
                    break
            for value in ("true", "false"):
                yield i, s.tokens[begin + 1].start, s.tokens[i - 1].end, value


def reset(s):
    """Initialisers forgotten; compiled so that what is not initialised is not zero by chance."""
    for i in range(len(s.tokens)):
        if not (s.is_sign(i, "{") and s.is_sign(i + 1, "}")):
            continue
        if s.is_sign(i - 1, "="):
            yield i, s.tokens[i - 2].end, s.tokens[i + 1].end, ""
        elif s.is_name(i - 1) and s.is_sign(i + 2, ";", ",") and s.tokens[i].start == s.tokens[i - 1].end \
                and (s.is_sign(i - 2, ",") or s.is_sign(i - 2, ">") or s.is_name(i - 2)):
            yield i, s.tokens[i].start, s.tokens[i + 1].end, ""


def is_pure_specifier(s, i):
    return s.is_sign(i - 1, "=") and s.is_sign(i + 1, ";") and (s.is_sign(i - 2, ")") or s.is_name(i - 2, "const"))


def constant(s):
    for i, token in enumerate(s.tokens):
        if token.kind != "number" or is_pure_specifier(s, i):
            continue
        number = re.match(r"(0[xX][0-9a-fA-F']+|[\d']+)(.*)$", token.text)
        digits, rest = number.group(1), number.group(2)
        if digits[:2] in ("0x", "0X"):
            if rest[:1] in ("p", "P"):
                other = "0x3" + rest
            else:  # a mask or a magic number: its lowest and, of masks, its highest bit
                value = int(digits.replace("'", ""), 16)
                other = f"0x{value ^ 1:X}" + rest
                if value == 0xFFFFFFFF:
                    yield i, token.start, token.end, "0x7FFFFFFF" + rest
            yield i, token.start, token.end, other
            continue
        value = int(digits.replace("'", ""))
        in_template = (s.is_sign(i - 1, "<") and not s.spaced(i - 1)) or \
            (s.is_sign(i + 1, ">") and not s.spaced(i + 1))
        if in_template and value in (1, 4):
            yield i, token.start, token.end, str(5 - value) + rest
        else:
            yield i, token.start, token.end, str(value + 1) + rest


def boolean(s):
    others = {"true": "false", "false": "true", "true_type": "false_type", "false_type": "true_type"}
    for i, token in enumerate(s.tokens):
        if token.kind == "name" and token.text in others:
            yield i, token.start, token.end, others[token.text]


def swapped_names(name, pairs):
    """height for width and its like, also as parts of longer names: out_height, first_w."""
    parts = name.rstrip("_").split("_")
    for k, part in enumerate(parts):
        for pair in pairs:
            if part in pair:
                changed = parts[:k] + [pair[1 - pair.index(part)]] + parts[k + 1:]
                yield "_".join(changed) + ("_" if name.endswith("_") else "")


def is_use(s, i):
    """Whether this name is used here rather than declared."""
    return not (s.is_name(i - 1) and s.tokens[i - 1].text not in WORDS or
                s.is_sign(i - 1, "*", "&", ">") and not s.spaced(i - 1))


def names(pairs, called=False):
    """Another name than the one meant, where the file knows it."""
    def operator(s):
        known = {token.text for token in s.tokens if token.kind == "name"}
        for i, token in enumerate(s.tokens):
            if token.kind != "name" or s.is_sign(i + 1, "::", "{") or s.is_sign(i - 1, "::") or not is_use(s, i):
                continue
            if s.is_sign(i + 1, "(") and not called:
                continue
            for other in swapped_names(token.text, pairs):
                if other in known:
                    yield i, token.start, token.end, other
    return operator


def arguments(s):
    """Neighbouring arguments or members change places."""
    for i in range(len(s.tokens)):
        call = s.is_sign(i, "(") and s.is_name(i - 1) and not s.is_name(i - 1, "if", "for", "while")
        members = s.is_sign(i, "{") and (s.is_name(i - 1) or s.is_sign(i - 1, "(", ",", "=", ">"))
        if not (call or members) or i not in s.partner:
            continue
        of = i - 2 if s.is_sign(i - 1, "(") else i - 1  # std::max({a, b})
        if s.is_name(of, "max", "min", "launch_bounds", "packs_of_four"):
            continue
        pieces, begin, j, simple = [], i + 1, i + 1, True
        while j <= s.partner[i]:
            if s.is_sign(j, "(", "[", "{"):
                j = s.partner[j]
            elif s.is_sign(j, ";"):
                simple = False
                break
            elif s.is_sign(j, ",") or j == s.partner[i]:
                pieces.append((begin, j - 1))
                begin = j + 1
            j += 1
        if not simple or any(declares(s, *piece) for piece in pieces):
            continue
        for (a, b), (c, d) in zip(pieces, pieces[1:]):
            if b < a or d < c or b - a > 8 or d - c > 8:
                continue
            left, right = s.between(a, b), s.between(c, d)
            if one_line(left) != one_line(right) and not (is_member(s, a) and is_member(s, c)):
                yield i + 1, s.tokens[a].start, s.tokens[d].end, f"{right}, {left}"


def is_member(s, i):
    """Whether {"name", value} begins here: members of a JSON object have no order."""
    return s.is_sign(i, "{") and s.tokens[i + 1].text[:1] == '"'


def declares(s, first, last):
    """Whether these tokens are a parameter rather than an argument."""
    return any(s.is_name(i, *TYPES) and not s.is_sign(i + 1, ">", "{", "(") or
               s.is_name(i) and s.is_name(i + 1) for i in range(first, last + 1))
