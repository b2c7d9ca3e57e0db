"""A performance model of a training step: each kernel's bound and time on named GPUs.

From counted work (work.py, with the profile of `dcgan_cuda kernels --json`), what nvcc made of the
kernels (tools/machine_code.sh --json) and published limits (gpus.py). Nothing here is measured; --measured
puts measurements beside it. Run by tools/model.sh.
"""
import argparse
import json
import pathlib
import sys
from dataclasses import asdict, dataclass
from math import ceil

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "machine_code"))
import page  # noqa: E402
from gpus import GPUS, card_of  # noqa: E402
from occupancy import occupancy  # noqa: E402
from work import works_of  # noqa: E402

TRAINING_IMAGES = 60000
SCHEDULERS = 4
SLICE_FMAS = 512           # of a warp: 64 sums, 8 deep
MMA_FMAS = 1024            # of a product of tensor cores: 16 x 8 sums, 8 deep
# A kernel's bounds overlap, but not fully: while shared memory is late, multiply-adds wait for it. Its time
# is the OVERLAP-norm of its bounds: the largest where it is alone, 1.26 times as much where two are equal.
# 3 is what reproduces single-precision products of 128 x 128 tiles that others report (model_test.py):
# 45.6 TFLOP/s on an H100, 18.5 on an A100, 27.6 on an RTX 4070 Ti.
OVERLAP = 3
# What a kernel costs in a stream beyond its work: 0.9 us between short kernels (NVIDIA's blog, "Getting
# Started with CUDA Graphs", 2019), the rest, to start and to end it, is assumed.
LAUNCH_US = 2.0
# Assumptions, not published: what a lone warp waits for shared memory and the barrier per slice; what a
# block waits before its first slice and behind its last; the share of a data sheet's DRAM bandwidth that
# a kernel reaches.
SLICE_LATENCY = 150
BLOCK_LATENCY = 2000
DRAM_REACH = 0.9


class ModelError(Exception):
    """One sentence that a user can act on."""


@dataclass
class Time:
    microseconds: float
    bound: str


def read_json(path):
    try:
        return json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None


def machine_code(path):
    """{kernel: {capability: entry}}"""
    code = {}
    for entry in read_json(path):
        code.setdefault(entry["kernel"], {})[entry["compute_capability"]] = entry
    return code


def code_for(kernel, capability, code):
    """The machine code that a card of this capability runs, or the nearest to it that was reported: the
    newest that is not newer."""
    entries = code[kernel] if kernel in code else {}
    reported = [c for c in entries if c <= capability]
    if not reported:
        raise ModelError(f"{kernel} for sm_{capability} is not in the machine code report: run "
                         "tools/machine_code.sh again, with --arch")
    return entries[max(reported)]


def resident_blocks(work, gpu, entry):
    """Blocks of the kernel that fit one multiprocessor."""
    return occupancy(gpu.capability, entry["registers"], work.threads,
                     entry["static_shared_bytes"] + work.dynamic_shared_bytes).blocks


def serial_loads(work, entry):
    """How often a warp waits for loads from global memory: its loads of each width, as many at a time as
    its machine code has on their way."""
    in_flight = entry["loads_in_flight_by_bits"]
    return sum(ceil(requests / work.warps / in_flight.get(str(bits), 1))
               for (opcode, bits), requests in work.requests.items() if opcode == "LDG")


def overlapped(bounds):
    return sum(us ** OVERLAP for us in bounds.values()) ** (1 / OVERLAP)


def time_of(work, gpu, code):
    entry = code_for(work.kernel, gpu.capability, code)
    chip = gpu.architecture
    cycle_us = 1e-3 / gpu.clock_ghz
    on_busiest = ceil(work.blocks / gpu.multiprocessors)
    rounds = ceil(on_busiest / resident_blocks(work, gpu, entry))
    # What fits half of the L2 cache is still there from the kernel before.
    fits = work.moved_bytes <= gpu.l2_mb * 1e6 / 2
    bounds, extra_us = {}, 0
    if work.tiled:
        loop = entry["inner_loop"]
        if loop.get("mmas"):  # a slice of the tensor cores' loop
            cycles = max(loop["mmas"] * MMA_FMAS * SCHEDULERS / chip.tf32_fmas, loop["instructions"])
        else:
            fma_cycles = SLICE_FMAS * 32 * SCHEDULERS / chip.fp32_lanes
            cycles = max(fma_cycles, SLICE_FMAS * loop["instructions"] / loop["fmas"])
        bounds["arithmetic"] = cycle_us * max(
            on_busiest * work.threads // 32 * work.slices * cycles / SCHEDULERS,
            rounds * work.slices * (cycles + SLICE_LATENCY))
        extra_us = rounds * BLOCK_LATENCY * cycle_us
    else:
        latency = chip.l2_latency if fits else chip.dram_latency
        bounds["latency"] = rounds * serial_loads(work, entry) * latency * cycle_us
    if work.flops and not work.tiled:
        loop = entry["inner_loop"]
        per_fma = max(32 * SCHEDULERS / chip.fp32_lanes, loop["instructions"] / loop["fmas"])
        share = work.blocks / (on_busiest * gpu.multiprocessors)
        bounds["arithmetic"] = (work.flops / 2 / 32 * per_fma / SCHEDULERS / gpu.multiprocessors / share *
                                cycle_us)
    bounds["shared memory"] = work.shared_passes / work.blocks * on_busiest * cycle_us
    if work.instructions:
        bounds["arithmetic"] = work.warps * work.instructions / SCHEDULERS / gpu.multiprocessors * cycle_us
    if work.double_instructions:
        bounds["double"] = (on_busiest * work.threads * work.double_instructions / chip.fp64_lanes *
                            cycle_us)
    bounds["L2"] = max(work.sector_bytes, work.moved_bytes if fits else 0) / gpu.l2_gb_s * 1e-3
    if not fits:
        bounds["DRAM"] = work.moved_bytes / (gpu.dram_gb_s * DRAM_REACH) * 1e-3
    work_us = overlapped(bounds) + extra_us
    bound = "launch" if work_us < LAUNCH_US else max(bounds, key=bounds.get)
    return Time(LAUNCH_US + work_us, bound)


def read_profile(path):
    """A step as `dcgan_cuda kernels --json` writes it: {"preset", "precision", "batch_size", "ops"}."""
    profile = read_json(path)
    profile["flops"] = sum(op["flops"] for op in profile["ops"])  # of the formulas
    return profile


def precision_of(step):
    """Of a profile, or of a measured step."""
    return step.get("precision", "fp32")


def cards_for(preset, gpus):
    """Those that can compute in its precision."""
    return [name for name in gpus if precision_of(preset) == "fp32" or GPUS[name].architecture.tf32_fmas]


def step_times(preset, code, gpus):
    """[(work, {gpu: Time})] of a preset's step."""
    gpus = cards_for(preset, gpus)
    works = [work for op in preset["ops"] for work in works_of(op)]
    return [(work, {name: time_of(work, GPUS[name], code) for name in gpus}) for work in works]


def strange_widths(all_times, gpus, code):
    """Lines on kernels whose machine code lacks a width of access that their profile has: the profile
    speaks of other code then."""
    found = set()
    for work, times in (entry for step in all_times for entry in step):
        cards = times or gpus
        for capability in sorted({GPUS[name].capability for name in cards}):
            widths = code_for(work.kernel, capability, code)["accesses_by_bits"]
            found |= {f"{work.kernel}: {opcode}.{bits} in its profile, not in its machine code for "
                      f"sm_{capability}" for opcode, bits in work.requests
                      if str(bits) not in widths.get(opcode, {})}
    return sorted(found)


def step_ms(times, card):
    return sum(t[card].microseconds for _, t in times) * 1e-3


def summary(preset, times, gpus):
    flops = preset["flops"]
    lines = [f"{preset['preset']}, {precision_of(preset)}, batch {preset['batch_size']}: {len(times)} kernels, "
             f"{flops * 1e-9:.1f} GFLOP per step"]
    for name in cards_for(preset, gpus):
        ms = step_ms(times, name)
        epoch = ms * 1e-3 * (TRAINING_IMAGES // preset["batch_size"])
        share = flops / (ms * 1e-3) / (GPUS[name].tflops * 1e12)
        lines.append(f"  {name:19} {ms:8.3f} ms per step  {epoch:7.3f} s per epoch of {TRAINING_IMAGES} "
                     f"images  {share:4.0%} of the GPU's {GPUS[name].tflops:.1f} TFLOP/s  (modelled)")
    return "\n".join(lines)


def markdown(presets, all_times, gpus):
    """A line for each card that is known, and for `gpus` the kernels that take longest."""
    lines = ["All figures are **modelled**, none measured: ms per step (seconds per epoch of "
             f"{TRAINING_IMAGES} images).", "",
             "| card | sm | multiprocessors | TFLOP/s | DRAM GB/s | " +
             " | ".join(preset["preset"] for preset in presets) + " |",
             "| --- | ---: | ---: | ---: | ---: |" + " ---: |" * len(presets)]
    for name, gpu in GPUS.items():
        cells = []
        for preset, times in zip(presets, all_times):
            ms = step_ms(times, name)
            cells.append(f"{ms:.2f} ({ms * 1e-3 * (TRAINING_IMAGES // preset['batch_size']):.2f})")
        lines.append(f"| {name} | {gpu.capability} | {gpu.multiprocessors} | {gpu.tflops:.1f} | "
                     f"{gpu.dram_gb_s} | " + " | ".join(cells) + " |")
    for preset, times in zip(presets, all_times):
        gflop = preset["flops"] * 1e-9
        lines += ["", f"**{preset['preset']}**, batch {preset['batch_size']}, {len(times)} kernels, "
                  f"{gflop:.1f} GFLOP: those that take longest, modelled microseconds and what bounds them.",
                  "", "| kernel | blocks | MFLOP | " + " | ".join(gpus) + " |",
                  "| --- | ---: | ---: |" + " --- |" * len(gpus)]
        longest = sorted(times, key=lambda t: -sum(t[1][g].microseconds for g in gpus))[:12]
        for work, t in longest:
            cells = [f"{t[g].microseconds:.1f} {t[g].bound}" for g in gpus]
            lines.append(f"| {work.name} | {work.blocks} | {work.flops * 1e-6:.0f} | "
                         + " | ".join(cells) + " |")
    return "\n".join(lines)


def as_json(presets, all_times, gpus, comparisons):
    """The cards `gpus` with each preset's step and kernels, and what was measured beside them."""
    def preset_of(preset, times, card):
        kernels = {}
        for work, t in times:
            kernel = kernels.setdefault((work.name, work.kernel, t[card].bound), {
                "op": work.name, "kernel": work.kernel, "launches": 0, "ms": 0, "bound": t[card].bound,
                "blocks": work.blocks, "flops": 0, "moved_bytes": 0})
            kernel["launches"] += 1
            kernel["ms"] += t[card].microseconds * 1e-3
            kernel["flops"] += work.flops
            kernel["moved_bytes"] += work.moved_bytes
        return {"preset": preset["preset"], "precision": precision_of(preset), "batch_size": preset["batch_size"],
                "step_ms": step_ms(times, card), "launches": len(times),
                "flops": preset["flops"],
                "kernels": sorted(kernels.values(), key=lambda k: -k["ms"])}

    return {"modelled": True,
            "cards": [{"card": name, "device": GPUS[name].device, "compute_capability": GPUS[name].capability,
                       "multiprocessors": GPUS[name].multiprocessors, "tflops": GPUS[name].tflops,
                       "dram_gb_s": GPUS[name].dram_gb_s,
                       "presets": [preset_of(p, t, name) for p, t in zip(presets, all_times)
                                   if name in cards_for(p, gpus)]}
                      for name in gpus],
            "measured": [asdict(c) for c in comparisons]}


@dataclass
class Comparison:
    """A measured step beside the modelled one; card and modelled_ms are None where the model has none."""
    preset: str
    batch_size: int
    device: str
    card: str
    measured_ms: float
    modelled_ms: float
    ops: list              # {"op", "measured_ms", "modelled_ms"}, of what both know

    def text(self):
        measured = f"{self.preset}: {self.measured_ms:.3f} ms measured"
        if self.card is None:
            return [f"{measured} on {self.device}, a device that the model does not know; it knows "
                    f"{', '.join(GPUS)}"]
        if self.modelled_ms is None:
            return [f"{measured} at batch {self.batch_size} on {self.card}, of which no profile was given"]
        lines = [f"{measured}, {self.modelled_ms:.3f} ms modelled on {self.card}: ratio "
                 f"{self.measured_ms / self.modelled_ms:.2f}"]
        return lines + [f"  {op['op']:44} {op['measured_ms']:8.3f} ms measured  {op['modelled_ms']:8.3f} ms "
                        f"modelled  ratio {op['measured_ms'] / op['modelled_ms']:.2f}" for op in self.ops]


def compare(path, presets, all_times):
    """Comparisons of what bench/train_step --json measured."""
    results = read_json(path)
    missing = {"preset", "batch_size", "device", "median_ms", "ops"}
    if not isinstance(results, list) or any(missing - set(result) for result in results):
        raise ModelError(f"{path} is no result of bench/train_step --json without --sweep")
    comparisons = []
    for result in results:
        card = card_of(result["device"])
        times = next((times for preset, times in zip(presets, all_times)
                      if (preset["preset"], precision_of(preset), preset["batch_size"])
                      == (result["preset"], precision_of(result), result["batch_size"])), None)
        known = card is not None and times is not None
        measured = {op["op"]: op["ms_per_step"] for op in result["ops"]}
        modelled = {}
        for work, t in times if known else []:
            modelled[work.op] = modelled.get(work.op, 0) + t[card].microseconds * 1e-3
        comparisons.append(Comparison(
            result["preset"], result["batch_size"], result["device"], card, result["median_ms"],
            step_ms(times, card) if known else None,
            [{"op": op, "measured_ms": ms, "modelled_ms": modelled[op]}
             for op, ms in measured.items() if op in modelled]))
    return comparisons


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="model.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", required=True, action="append", metavar="FILE",
                        help="of dcgan_cuda kernels --json, one for each preset")
    parser.add_argument("--machine-code", required=True, help="of tools/machine_code.sh --json")
    parser.add_argument("--gpus", default="T4,A100,H100,RTX 4090",
                        help="for which kernels and summaries are shown (default %(default)s)")
    parser.add_argument("--kernels", action="store_true", help="a line per kernel")
    parser.add_argument("--json", help="also write JSON here, of all cards that are known")
    parser.add_argument("--markdown", help="also renew the generated part of this page")
    parser.add_argument("--measured", help="of bench/train_step --json: print the ratio to it")
    arguments = parser.parse_args(arguments)
    arguments.gpus = arguments.gpus.split(",")
    unknown = [g for g in arguments.gpus if g not in GPUS]
    if unknown:
        parser.error(f"GPU {unknown[0]!r} is not known; known are {', '.join(GPUS)}")
    return arguments


def run(arguments):
    gpus = arguments.gpus
    presets = [read_profile(path) for path in arguments.profile]
    code = machine_code(arguments.machine_code)
    all_times = [step_times(preset, code, GPUS) for preset in presets]
    for preset, times in zip(presets, all_times):
        print(summary(preset, times, gpus))
        if arguments.kernels:
            for work, t in times:
                cells = "  ".join(f"{t[g].microseconds:8.1f} {t[g].bound:13}" for g in gpus if g in t)
                print(f"  {work.op:58} {work.blocks:6}  {cells}")
    comparisons = compare(arguments.measured, presets, all_times) if arguments.measured else []
    for comparison in comparisons:
        print("\n".join(comparison.text()))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(
            json.dumps(as_json(presets, all_times, GPUS, comparisons), indent=1) + "\n")
    if arguments.markdown:
        if any(precision_of(preset) != "fp32" for preset in presets):
            raise ModelError("the page is of fp32")
        page.write(arguments.markdown, "model.sh", markdown(presets, all_times, gpus))
    strange = strange_widths(all_times, GPUS, code)
    kernels = {work.kernel for times in all_times for work, _ in times}
    print(f"{len(kernels)} kernels held against their machine code: {len(strange)} widths of access that it "
          "has not")
    print("".join(f"{line}\n" for line in strange), end="", file=sys.stderr)
    return 1 if strange else 0


def main(arguments=None):
    arguments = parse_arguments(arguments)
    try:
        return run(arguments)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
