#!/usr/bin/env python3
"""Writes docs/gpu-results.md from docs/gpu/*.json, the files that a bundle's run.sh leaves.

Notes in a .md file of a JSON's name join the page: what was wrong at first and has
been mended. --check changes nothing and fails where the page is not what the files
make.
"""
import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRESETS = ["vanilla", "dcgan", "tf-tutorial"]
INTRODUCTION = """
Made by `tools/gpu_results.py` from `docs/gpu/*.json`, which `run.sh` of a bundle (`tools/gpu_bundle.sh DIR`)
writes on the machine with the GPU. All steps are of 256 images; a figure of ours and the one beside it come from
one run. *Ratio* is the other program's milliseconds over ours, in the faster of fp32 and tf32x3, which are as
accurate. What no run has answered says "not measured".
"""


def milliseconds(value):
    return "not measured" if value is None else f"{value:.3f}"


def ratio(other, ours):
    return "not measured" if other is None or ours is None else f"{other / ours:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def step_ms(run, preset, precision="fp32"):
    return next((s["median_ms"] for s in run.get("step", [])
                 if s["preset"] == preset and s.get("precision", "fp32") == precision), None)


def best_way(run, preset, precisions):
    """The fastest (ms, program) of the frameworks' ways with one of these precisions, or (None, None)."""
    ways = [(row["median_ms"], row["program"]) for row in run.get("frameworks", {}).get("rows", [])
            if row["preset"] == preset and row.get("precision") in precisions
            and row.get("framework") == "PyTorch" and row.get("median_ms") is not None]
    return min(ways, default=(None, None))


def model_of_card(run, preset):
    """(name, ms) of the model's card that run's card is, where the model knows it."""
    for card in run.get("model", {}).get("cards", []):
        if re.fullmatch(card["device"], run["card"]):
            for entry in card["presets"]:
                if entry["preset"] == preset:
                    return card["card"], entry["step_ms"]
    return None, None


def steps(run):
    rows = []
    for preset in PRESETS:
        ours, exact, rounded = (step_ms(run, preset, p) for p in ("fp32", "tf32x3", "tf32"))
        accurate = min((ms for ms in (ours, exact) if ms is not None), default=None)
        fp32, fp32_way = best_way(run, preset, ["fp32"])
        best, best_way_name = best_way(run, preset, ["fp32", "tf32", "bf16"])
        _, modelled = model_of_card(run, preset)
        rows.append([preset, milliseconds(ours), milliseconds(exact), milliseconds(rounded),
                     milliseconds(fp32) + (f" ({fp32_way})" if fp32_way else ""), ratio(fp32, accurate),
                     milliseconds(best) + (f" ({best_way_name})" if best_way_name else ""), ratio(best, accurate),
                     milliseconds(modelled), ratio(ours, modelled)])
    return table(["preset", "ours, fp32", "ours, tf32x3", "ours, tf32", "PyTorch's best in fp32", "ratio", "PyTorch's best of all", "ratio",
                  "modelled", "measured / modelled"], rows)


def kernels(run):
    """Our time of every op, its share of the card's limit, and the libraries' times."""
    ops = {}
    for b in run.get("kernels", {}).get("benchmarks", []):
        if b.get("run_type") == "aggregate":
            continue
        op, who = b["name"].split("/manual_time")[0].rsplit("/", 1)
        ops.setdefault(op, {})[who] = b
    lines = []
    for op, subjects in ops.items():
        ours = subjects.pop(run["backend"], None)
        if ours is None or ours.get("error_occurred"):
            continue
        others = [f"{who} {b['real_time']:.1f}" if not b.get("error_occurred")
                  else f"{who}: {b.get('error_message', 'failed')}" for who, b in subjects.items()]
        lines.append([op, f"{ours['real_time']:.1f}", f"{100 * ours['share']:.0f} %" if "share" in ours else "",
                      "; ".join(others) or "none"])
    if not lines:
        return ["Kernels: not measured."]
    return table(["op", "us", "of the card's limit", "in other precisions, and libraries, us"], lines)


def section(run, notes):
    lines = [f"## {run['card']}", "",
             f"Driver {run['driver']}, commit {run['bundle']['commit']}, {run['date'][:10]}; nvcc {run['bundle']['nvcc']}, "
             f"built for {run['bundle']['architectures']}; {run['host']}.", ""]
    lines += steps(run) + [""]
    lines += table(["part", "outcome", "seconds", ""],
                   [[p["part"], p["outcome"], p["seconds"], p["note"]] for p in run["parts"]]) + [""]
    lines += kernels(run) + [""]
    if notes:
        lines += ["### What was wrong at first sight and is mended", "", notes.strip(), ""]
    return lines


def page(folder):
    runs = []
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text())
        if run.get("backend") != "cuda":
            sys.exit(f"gpu_results: {path} is of backend '{run.get('backend')}', not of a GPU")
        notes = path.with_suffix(".md")
        runs.append((run, notes.read_text() if notes.exists() else ""))
    runs.sort(key=lambda r: r[0]["date"], reverse=True)
    if runs:
        cards = sorted({run["card"] for run, _ in runs})
        lines = [f"**Measured on {', '.join(cards)}**; other cards: not measured.", "", "# Measured on GPUs"]
    else:
        lines = ["**Not measured: no GPU has run this program yet.**", "", "# Measured on GPUs"]
    lines += [INTRODUCTION]
    for run, notes in runs:
        lines += section(run, notes)
    if not runs:
        lines += ["What is known without one: [the performance model](performance-model.md) and "
                  "[the machine code](kernels-machine-code.md).", ""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--folder", type=pathlib.Path, default=ROOT / "docs/gpu", help="of the JSON files")
    p.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/gpu-results.md", help="to write")
    p.add_argument("--check", action="store_true", help="fail where the page is another")
    a = p.parse_args()
    text = page(a.folder)
    if not a.check:
        a.page.write_text(text)
    elif not a.page.exists() or a.page.read_text() != text:
        sys.exit(f"gpu_results: {a.page} is not what {a.folder} makes; run tools/gpu_results.py")


if __name__ == "__main__":
    main()
