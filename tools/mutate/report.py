"""Scores: which part of the mutants the suite kills, by file and by operator, and what survives."""
import collections
import json


class Report:
    """mutants: all that were generated; chosen: those of this run; argued: id -> argument; results:
    id -> result or None."""

    def __init__(self, mutants, chosen, argued, results):
        self.mutants, self.chosen, self.argued, self.results = mutants, chosen, argued, results
        self.open = [m for m in chosen if self.outcome(m) == "survived"]
        self.refuted = [m for m in mutants if m.id in argued and (results.get(m.id) or {}).get("outcome") == "killed"]

    def outcome(self, mutant):
        """killed, survived, stillborn, identical, argued or waiting"""
        if mutant.id in self.argued:
            return "argued"
        result = self.results.get(mutant.id)
        return result["outcome"] if result else "waiting"

    def counts(self, key):
        table = collections.defaultdict(collections.Counter)
        scope = {m.id for m in self.chosen} | set(self.argued)
        for m in self.mutants:
            row = table[key(m)]
            row["generated"] += 1
            if m.id in scope:
                row[self.outcome(m)] += 1
        return table

    def total(self):
        return self.counts(lambda m: "all").get("all", collections.Counter())

    @staticmethod
    def score(row):
        tried = row["killed"] + row["survived"]
        return f"{100 * row['killed'] / tried:.1f}%" if tried else "-"

    def table(self, title, key):
        columns = ("generated", "killed", "survived", "stillborn", "identical", "argued", "waiting")
        lines = [f"{title:32}" + "".join(f"{c:>11}" for c in columns) + f"{'score':>9}"]
        for name, row in [*sorted(self.counts(key).items()), ("all", self.total())]:
            lines.append(f"{name:32}" + "".join(f"{row[c]:11}" for c in columns) + f"{self.score(row):>9}")
        return "\n".join(lines)

    def text(self):
        parts = [self.table("file", lambda m: m.file), self.table("operator", lambda m: m.operator)]
        if self.open:
            parts.append("Survivors:\n" + "\n".join(
                f"{m.id} {m.operator}\n  {m.file}: {m.before} ==> {m.after}" for m in self.open))
        if self.refuted:
            parts.append("Argued, but killed:\n" + "\n".join(
                f"{m.id} {m.file}: {m.before} ==> {m.after}" for m in self.refuted))
        row = self.total()
        parts.append(f"{row['killed']} of {row['killed'] + row['survived']} mutants killed "
                     f"({self.score(row)}), {row['stillborn']} stillborn, {row['identical']} the same machine code, {row['argued']} argued, "
                     f"{row['survived']} unexplained, {row['waiting']} not run")
        return "\n\n".join(parts)

    def json(self):
        return json.dumps({
            "total": dict(self.total()),
            "files": {k: dict(v) for k, v in self.counts(lambda m: m.file).items()},
            "operators": {k: dict(v) for k, v in self.counts(lambda m: m.operator).items()},
            "mutants": [{"id": m.id, "file": m.file, "line": m.line, "operator": m.operator,
                         "before": m.before, "after": m.after, "outcome": self.outcome(m),
                         "reason": self.argued[m.id].reason if m.id in self.argued else None,
                         "detail": (self.results.get(m.id) or {}).get("detail")} for m in self.mutants],
        }, indent=1) + "\n"
