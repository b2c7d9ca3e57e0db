"""A performance model of a training step: each kernel's bound and time on named GPUs.

From counted work (work.py, with the profile of `dcgan_cuda kernels --json`), what nvcc made of the
kernels (tools/machine_code.sh --json) and published limits (gpus.py). Nothing here is measured; --measured puts measurements beside it.
Run by tools/model.sh.
"""
import argparse
import json
import pathlib
import re
import sys
from dataclasses import dataclass
from math import ceil

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "machine_code"))
import page  # noqa: E402
from gpus import GPUS  # noqa: E402
from work import works_of  # noqa: E402

TRAINING_IMAGES = 60000
SCHEDULERS = 4
SLICE_FMAS = 512           # of a warp: 64 sums, 8 deep
# Assumptions, not published: what a kernel costs in a stream beyond its work; what a lone warp waits
# for shared memory and the barrier per slice; what a block waits before its first slice and behind
# its last.
LAUNCH_US = 2.0
SLICE_LATENCY = 150
BLOCK_LATENCY = 2000


@dataclass
class Time:
    microseconds: float
    bound: str


def machine_code(path):
    """{(kernel, capability): entry}"""
    return {(k["kernel"], k["compute_capability"]): k for k in json.loads(pathlib.Path(path).read_text())}


def time_of(work, gpu, code):
    entry = code.get((work.kernel, gpu.capability))
    if entry is None:
        raise KeyError(f"{work.kernel} for sm_{gpu.capability} is not in the machine code report")
    cycle_us = 1e-3 / gpu.clock_ghz
    on_busiest = ceil(work.blocks / gpu.multiprocessors)
    bounds = {"launch": LAUNCH_US}
    if work.tiled:
        loop = entry["inner_loop"]
        fma_cycles = SLICE_FMAS * 32 * SCHEDULERS / gpu.fp32_lanes
        cycles = max(fma_cycles, SLICE_FMAS * loop["instructions"] / loop["fmas"])
        warps = work.threads // 32
        rounds = ceil(on_busiest / entry["blocks_per_multiprocessor"])
        arithmetic = max(on_busiest * warps * work.slices * cycles / SCHEDULERS,
                         rounds * work.slices * (cycles + SLICE_LATENCY))
        bounds["arithmetic"] = (arithmetic + rounds * BLOCK_LATENCY) * cycle_us
    elif work.fmas:
        loop = entry["inner_loop"]
        per_fma = max(32 * SCHEDULERS / gpu.fp32_lanes, loop["instructions"] / loop["fmas"])
        share = work.blocks / (on_busiest * gpu.multiprocessors)
        bounds["arithmetic"] = (work.fmas / 32 * per_fma / SCHEDULERS / gpu.multiprocessors / share *
                                cycle_us)
    bounds["shared memory"] = work.shared_passes / work.blocks * on_busiest * cycle_us
    if work.instructions:
        bounds["arithmetic"] = work.instructions / SCHEDULERS / gpu.multiprocessors * cycle_us
    if work.double_threads and entry["double_precision_instructions"]:
        warps = on_busiest * work.threads / 32
        bounds["double"] = (warps * entry["double_precision_instructions"] * 32 / gpu.fp64_lanes *
                            cycle_us)
    # What fits half of the L2 cache is still there from the kernel before.
    fits = work.moved_bytes <= gpu.l2_mb * 1e6 / 2
    bounds["L2"] = max(work.sector_bytes, work.moved_bytes if fits else 0) / gpu.l2_gb_s * 1e-3
    if not fits:
        bounds["DRAM"] = work.moved_bytes / gpu.dram_gb_s * 1e-3
    bound = max(bounds, key=bounds.get)
    return Time(LAUNCH_US + max(us for name, us in bounds.items() if name != "launch"), bound)


def read_profile(path):
    """A step as `dcgan_cuda kernels --json` writes it: {"preset", "batch_size", "ops"}."""
    profile = json.loads(pathlib.Path(path).read_text())
    profile["ops"] = [{**entry["op"], "launches": entry["kernels"]} for entry in profile["ops"]]
    return profile


def step_times(preset, code, gpus):
    """[(work, {gpu: Time})] of a preset's step."""
    works = [work for op in preset["ops"] for work in works_of(op)]
    return [(work, {name: time_of(work, GPUS[name], code) for name in gpus}) for work in works]


def strange_widths(all_times, gpus, code):
    """Lines on kernels whose machine code lacks a width of access that their profile has: the profile
    speaks of other code then."""
    found = set()
    for work, _ in (entry for times in all_times for entry in times):
        for capability in sorted({GPUS[name].capability for name in gpus}):
            widths = code[work.kernel, capability]["accesses_by_bits"]
            found |= {f"{work.kernel}: {opcode}.{bits} in its profile, not in its machine code for "
                      f"sm_{capability}" for opcode, bits in work.requests
                      if str(bits) not in widths.get(opcode, {})}
    return sorted(found)


def summary(preset, times, gpus):
    flops = sum(work.flops for work, _ in times)
    lines = [f"{preset['preset']}, batch {preset['batch_size']}: {len(times)} kernels, "
             f"{flops * 1e-9:.1f} GFLOP per step"]
    for name in gpus:
        ms = sum(t[name].microseconds for _, t in times) * 1e-3
        epoch = ms * 1e-3 * (TRAINING_IMAGES // preset["batch_size"])
        share = flops / (ms * 1e-3) / (GPUS[name].tflops * 1e12)
        lines.append(f"  {name:9} {ms:8.3f} ms per step  {epoch:7.3f} s per epoch of {TRAINING_IMAGES} "
                     f"images  {share:4.0%} of the GPU's {GPUS[name].tflops:.1f} TFLOP/s  (modelled)")
    return "\n".join(lines)


def markdown(presets, all_times, gpus):
    lines = ["All figures are **modelled**, none measured: ms per step (seconds per epoch of "
             f"{TRAINING_IMAGES} images).", "",
             "| preset | batch | kernels | GFLOP | " + " | ".join(gpus) + " |",
             "| --- | ---: | ---: | ---: |" + " ---: |" * len(gpus)]
    for preset, times in zip(presets, all_times):
        cells = []
        for name in gpus:
            ms = sum(t[name].microseconds for _, t in times) * 1e-3
            cells.append(f"{ms:.2f} ({ms * 1e-3 * (TRAINING_IMAGES // preset['batch_size']):.2f})")
        gflop = sum(work.flops for work, _ in times) * 1e-9
        lines.append(f"| {preset['preset']} | {preset['batch_size']} | {len(times)} | {gflop:.1f} | "
                     + " | ".join(cells) + " |")
    for preset, times in zip(presets, all_times):
        lines += ["", f"**{preset['preset']}**, the kernels that take longest: modelled microseconds and "
                  "what bounds them.", "", "| kernel | blocks | MFLOP | " + " | ".join(gpus) + " |",
                  "| --- | ---: | ---: |" + " --- |" * len(gpus)]
        longest = sorted(times, key=lambda t: -sum(t[1][g].microseconds for g in gpus))[:12]
        for work, t in longest:
            cells = [f"{t[g].microseconds:.1f} {t[g].bound}" for g in gpus]
            lines.append(f"| {work.op} | {work.blocks} | {work.flops * 1e-6:.0f} | "
                         + " | ".join(cells) + " |")
    return "\n".join(lines)


def compare(measured_path, presets, all_times):
    """Measured by bench/train_step --json, over modelled."""
    lines = []
    for result in json.loads(pathlib.Path(measured_path).read_text()):
        name = next((n for n in GPUS if re.search(rf"\b{n}\b", result["device"])), None)
        for preset, times in zip(presets, all_times):
            if preset["preset"] != result["preset"] or preset["batch_size"] != result["batch_size"]:
                continue
            if name is None:
                lines.append(f"{result['preset']}: {result['median_ms']:.3f} ms measured on "
                             f"{result['device']}, which the model does not know")
                continue
            ms = sum(t[name].microseconds for _, t in times) * 1e-3
            lines.append(f"{result['preset']}: {result['median_ms']:.3f} ms measured, {ms:.3f} ms modelled "
                         f"on {name}: ratio {result['median_ms'] / ms:.2f}")
    return lines


def main():
    parser = argparse.ArgumentParser(prog="model.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", required=True, action="append", metavar="FILE",
                        help="of dcgan_cuda kernels --json, one for each preset")
    parser.add_argument("--machine-code", required=True, help="of tools/machine_code.sh --json")
    parser.add_argument("--gpus", default=",".join(GPUS), help="default: %(default)s")
    parser.add_argument("--kernels", action="store_true", help="a line per kernel")
    parser.add_argument("--json", help="also write JSON here")
    parser.add_argument("--markdown", help="also renew the generated part of this page")
    parser.add_argument("--measured", help="of bench/train_step --json: print the ratio to it")
    arguments = parser.parse_args()
    gpus = arguments.gpus.split(",")
    unknown = [g for g in gpus if g not in GPUS]
    if unknown:
        parser.error(f"GPU {unknown[0]!r} is not known; known are {', '.join(GPUS)}")
    presets = [read_profile(path) for path in arguments.profile]
    code = machine_code(arguments.machine_code)
    all_times = [step_times(preset, code, gpus) for preset in presets]
    for preset, times in zip(presets, all_times):
        print(summary(preset, times, gpus))
        if arguments.kernels:
            for work, t in times:
                cells = "  ".join(f"{t[g].microseconds:8.1f} {t[g].bound:13}" for g in gpus)
                print(f"  {work.op:58} {work.blocks:6}  {cells}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps([{
            "preset": preset["preset"], "batch_size": preset["batch_size"], "modelled": True,
            "ms_per_step": {g: sum(t[g].microseconds for _, t in times) * 1e-3 for g in gpus},
            "kernels": [{"op": w.op, "kernel": w.kernel, "blocks": w.blocks, "flops": w.flops,
                         "moved_bytes": w.moved_bytes, "sector_bytes": w.sector_bytes,
                         "shared_passes": w.shared_passes,
                         "microseconds": {g: t[g].microseconds for g in gpus},
                         "bound": {g: t[g].bound for g in gpus}} for w, t in times],
        } for preset, times in zip(presets, all_times)], indent=1) + "\n")
    if arguments.markdown:
        page.write(arguments.markdown, "model.sh", markdown(presets, all_times, gpus))
    if arguments.measured:
        print("\n".join(compare(arguments.measured, presets, all_times)))
    strange = strange_widths(all_times, gpus, code)
    kernels = {work.kernel for times in all_times for work, _ in times}
    print(f"{len(kernels)} kernels held against their machine code: {len(strange)} widths of access that it "
          "has not")
    print("".join(f"{line}\n" for line in strange), end="", file=sys.stderr)
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
