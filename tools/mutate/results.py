"""What is known about mutants from earlier runs, and the samples drawn from them."""
import hashlib
import json


class State:
    """Results as lines of JSON, appended as they come, so that a run may be cut off at any time.

    A kill stays one while the broken file stays the same, as the suite only grows; a survivor is
    tried again whenever what suite_of(file) stands for has changed, sources or tests, or where it has not
    been run through all `phases` of the tests asked for now.
    """

    def __init__(self, path, suite_of, phases):
        self.path, self.suite_of, self.phases = path, suite_of, phases
        self.results, self.baselines = {}, {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # cut off in the middle
                if "baseline" in entry:
                    self.baselines[entry["baseline"]] = entry["seconds"]
                else:
                    self.results[entry["id"], entry["text"]] = entry
        self.file = path.open("a")

    def _append(self, entry):
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()

    def remember_baseline(self, key, seconds):
        self._append({"baseline": key, "seconds": seconds})

    def add(self, mutant, text_digest, outcome, detail, seconds, phases):
        entry = {"id": mutant.id, "text": text_digest, "outcome": outcome, "detail": detail,
                 "seconds": round(seconds, 1), "suite": self.suite_of(mutant.file), "phases": phases}
        self.results[mutant.id, text_digest] = entry
        self._append(entry)

    def of(self, mutant, text_digest):
        """The result that still holds, or None."""
        entry = self.results.get((mutant.id, text_digest))
        if entry and entry["outcome"] == "survived" and self.passed(mutant, text_digest) < self.phases:
            return None
        return entry

    def passed(self, mutant, text_digest):
        """How many phases of the present tests it is known to have survived."""
        entry = self.results.get((mutant.id, text_digest))
        same = entry and entry["outcome"] == "survived" and entry["suite"] == self.suite_of(mutant.file)
        return entry.get("phases", 0) if same else 0


def text_digest(text):
    return hashlib.sha1(text.encode()).hexdigest()[:12]


def sample(mutants, count, seed):
    """The first `count` in an order that the seed and each mutant's own lines decide, so that a
    change elsewhere leaves the choice as it was. 0: all, in that order."""
    ordered = sorted(mutants, key=lambda m: hashlib.sha1(f"{seed} {m.id}".encode()).digest())
    return ordered[:count] if count else ordered
