"""What a comparison reports: the machine, the table, who is the fastest peer, the plot."""
import datetime
import glob
import os
import shutil
import subprocess

from contenders import BATCH

IMAGES = 60000


def machine(commit):
    """Card, driver and compute capability (None where there is no GPU), processor, date and commit."""
    card = driver = capability = None
    if glob.glob("/dev/nvidia[0-9]*") or shutil.which("nvidia-smi"):
        try:
            said = subprocess.run(
                ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"],
                capture_output=True, text=True, timeout=60, check=True).stdout
            card, driver, capability = [part.strip() for part in said.splitlines()[0].split(",")][:3]
        except (OSError, subprocess.SubprocessError, IndexError, ValueError):
            card = "unknown" if glob.glob("/dev/nvidia[0-9]*") else None
    processor = ""
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "commit": commit, "card": card, "driver": driver, "compute_capability": capability, "processor": processor,
            "cores": os.cpu_count(), "batch": BATCH}


def class_of(precision):
    """The frameworks' precision that is as accurate: tensor cores' three products are ours alone."""
    return "fp32" if precision == "tf32x3" else precision


def fastest_peer(rows, preset, precision=None):
    """The framework's row that is fastest, of one precision or of all; None where there is none."""
    peers = [row for row in rows if row["preset"] == preset and "median_ms" in row
             and row["framework"] != "dcgan_cuda" and class_of(precision) in (None, row["precision"])]
    return min(peers, key=lambda row: row["median_ms"], default=None)


def ratio(rows, row, precision=None):
    """How many times as fast a row is as the fastest peer: above 1, it is faster."""
    peer = fastest_peer(rows, row["preset"], precision)
    return peer["median_ms"] / row["median_ms"] if peer else None


def summary(rows):
    """For each of dcgan_cuda's rows the fastest peer of its precision, and that of all."""
    result = []
    for row in rows:
        if row["framework"] != "dcgan_cuda" or "median_ms" not in row:
            continue
        entry = {"preset": row["preset"], "program": row["program"],
                 "precision": row["precision"], "median_ms": row["median_ms"]}
        for name, precision in (("same_precision", row["precision"]), ("any_precision", None)):
            peer = fastest_peer(rows, row["preset"], precision)
            entry[name] = peer and {
                "program": peer["program"], "precision": peer["precision"],
                "median_ms": peer["median_ms"], "ratio": ratio(rows, row, precision)}
        result.append(entry)
    return result


def figure(value):
    """Three digits or more, without an exponent."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def best_lines(rows):
    """The summary as text, a line for each of dcgan_cuda's rows."""
    lines = []
    for entry in summary(rows):
        line = (f"best: {entry['preset']} {figure(entry['median_ms'])} ms ({entry['program']}, "
                f"{entry['precision']})")
        for name, what in (("same_precision", class_of(entry["precision"])), ("any_precision", "any")):
            peer = entry[name]
            line += f"; {what}: " + (f"{figure(peer['median_ms'])} ({peer['program']}), ratio "
                                     f"{peer['ratio']:.2f}" if peer else "no peer")
        lines.append(line)
    return lines


def table(rows):
    lines = ["| preset | program | precision | ms/step (least) | s/epoch | images/s | peak MiB "
             "| ratio, same precision | ratio, any |",
             "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        version = f" ({row['version']})" if "version" in row else ""
        start = f"| {row['preset']} | {row['program']}{version} | {row['precision']} "
        if "median_ms" not in row:
            reason = row.get("failed", "the time was up").replace("|", "/")
            lines.append(f"{start}| not measured: {reason} | | | | | |")
            continue
        ms = row["median_ms"]
        ratios = [ratio(rows, row, row["precision"]), ratio(rows, row)]
        cells = " | ".join("" if r is None else f"{r:.2f}" for r in ratios)
        later = f", then failed: {row['failed']}".replace("|", "/") if "failed" in row else ""
        lines.append(f"{start}| {figure(ms)} ({figure(row['minimum_ms'])}){later} "
                     f"| {figure(ms * 1e-3 * -(-IMAGES // BATCH))} | {row['images_per_s']:.0f} "
                     f"| {row['peak_mib']:.0f} | {cells} |")
    return "\n".join(lines)


def plot(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if "median_ms" in row]
    presets = list(dict.fromkeys(row["preset"] for row in rows))
    if not presets:
        return
    most = max(sum(row["preset"] == preset for row in rows) for preset in presets)
    figure, axes = pyplot.subplots(1, len(presets), figsize=(6 * len(presets), 1.2 + 0.4 * most),
                                   squeeze=False)
    for axis, preset in zip(axes[0], presets):
        chosen = [row for row in rows if row["preset"] == preset][::-1]
        bars = axis.barh([f"{row['program']}, {row['precision']}" for row in chosen],
                         [row["median_ms"] for row in chosen],
                         color=["C1" if row["framework"] == "dcgan_cuda" else "C0"
                                for row in chosen])
        axis.bar_label(bars, [figure(row["median_ms"]) for row in chosen], padding=3)
        axis.set_title(preset)
        axis.set_xlabel(f"ms per step of {BATCH} images")
        axis.margins(x=0.2)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
