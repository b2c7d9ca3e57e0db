"""C++ as far as mutants need it: tokens with their places, without comments, strings and directives.

Code that only nvcc compiles (#if defined(__CUDACC__)) is left out: no test here could see it break.
"""
import bisect
import dataclasses
import re

TOKEN = re.compile(r"""
    (?P<blank>\s+|//[^\n]*|/\*.*?\*/|\\\n)
  | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')
  | (?P<number>(?:0[xX][0-9a-fA-F']+(?:[pP][+-]?\d+)?|\d[\d']*(?:\.\d*)?(?:[eE][+-]?\d+)?)[uUlLfF]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign><<=|>>=|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)((?:[^\n\\]|\\.|\\\n)*)", re.MULTILINE)
OPENS = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str  # name, number, text, sign
    text: str
    start: int
    end: int


class Source:
    """A file's text, its tokens, and which bracket belongs to which."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        self.line_starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self.tokens = list(self._tokens())
        self.partner = {}
        stack = []
        for i, token in enumerate(self.tokens):
            if token.kind != "sign":
                continue
            if token.text in OPENS:
                stack.append(i)
            elif token.text in OPENS.values() and stack:
                opening = stack.pop()
                self.partner[opening], self.partner[i] = i, opening

    def _tokens(self):
        hidden = self._hidden()
        at = 0
        while at < len(self.text):
            span = next((s for s in hidden if s[0] <= at < s[1]), None)
            if span:
                at = span[1]
                continue
            match = TOKEN.match(self.text, at)
            if match.lastgroup != "blank":
                yield Token(match.lastgroup, match.group(), at, match.end())
            at = match.end()

    def _hidden(self):
        """Directives, and what lies between them where nvcc alone compiles it."""
        spans, conditions, begin = [], [], None
        for match in DIRECTIVE.finditer(self.text):
            spans.append(match.span())
            word, rest = match.group(1), match.group(2)
            if word in ("if", "ifdef", "ifndef"):
                conditions.append("nvcc" if word != "ifndef" and "__CUDACC__" in rest else "any")
            elif word in ("else", "elif") and conditions:
                conditions[-1] = "host" if conditions[-1] == "nvcc" else "any"
            elif word == "endif" and conditions:
                conditions.pop()
            if "nvcc" in conditions and begin is None:
                begin = match.end()
            elif "nvcc" not in conditions and begin is not None:
                spans.append((begin, match.start()))
                begin = None
        return spans

    def line(self, at):
        """The number of the line that holds this place, from 1."""
        return bisect.bisect_right(self.line_starts, at)

    def lines(self, start, end):
        """Begin and end of the whole lines that hold [start, end)."""
        first, last = self.line(start), self.line(max(start, end - 1))
        stop = self.line_starts[last] - 1 if last < len(self.line_starts) else len(self.text)
        return self.line_starts[first - 1], stop

    def spaced(self, i):
        """Whether token i stands between blanks, as binary operators do in this code."""
        token = self.tokens[i]
        return (token.start > 0 and self.text[token.start - 1].isspace()
                and token.end < len(self.text) and self.text[token.end].isspace())

    def is_sign(self, i, *texts):
        return (0 <= i < len(self.tokens) and self.tokens[i].kind == "sign"
                and self.tokens[i].text in texts)

    def is_name(self, i, *texts):
        return (0 <= i < len(self.tokens) and self.tokens[i].kind == "name"
                and (not texts or self.tokens[i].text in texts))

    def between(self, first, last):
        """The text of tokens first .. last."""
        return self.text[self.tokens[first].start:self.tokens[last].end]
