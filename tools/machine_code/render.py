"""The report as a table for the terminal, as JSON, and as the generated part of a Markdown page."""
import json


def _widths(kernel, kind):
    """'4/2': accesses of 128 bits and narrower ones."""
    counts = kernel.accesses.get(kind, {})
    wide = counts.get(128, 0)
    narrow = sum(counts.values()) - wide
    return f"{wide}/{narrow}" if counts else "-"


def _in_flight(kernel):
    """'8 x 4': loads from global memory on their way at once, times their bytes; the most bytes count."""
    bits, count = max(kernel.loads_in_flight.items(), key=lambda item: item[0] * item[1], default=(0, 0))
    return f"{count} x {bits // 8}" if count else "-"


def _number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def table(kernels):
    head = ["kernel", "sm", "regs", "spill", "shared", "threads", "blocks", "warps", "occ.", "limit",
            "LDG", "STG", "LDS", "STS", "fp64", "FMA", "instr/FMA"]
    rows = [[k.name, str(k.capability), str(k.resources.registers), str(k.spills),
             str(k.resources.shared_bytes), str(k.threads), str(k.occupancy.blocks),
             str(k.occupancy.warps), f"{k.occupancy.share:.0%}", k.occupancy.limited_by,
             *(_widths(k, kind) for kind in ("LDG", "STG", "LDS", "STS")), str(k.doubles),
             _number(k.fma_share, 2), _number(k.instructions_per_fma, 2)] for k in kernels]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                       for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
             for row in [head, *rows]]
    return "\n".join(lines + [
        "LDG ... STS: accesses of 16 bytes / narrower ones. FMA: share of the inner loop. Shared is the "
        "static part, and occupancy counts that alone."])


def as_json(kernels):
    return json.dumps([{
        "kernel": k.name, "compute_capability": k.capability,
        "registers": k.resources.registers, "spill_store_bytes": k.resources.spill_store_bytes,
        "spill_load_bytes": k.resources.spill_load_bytes, "stack_bytes": k.resources.stack_bytes,
        "static_shared_bytes": k.resources.shared_bytes, "threads_per_block": k.threads,
        "blocks_per_multiprocessor": k.occupancy.blocks,
        "warps_per_multiprocessor": k.occupancy.warps, "occupancy": k.occupancy.share,
        "occupancy_limited_by": k.occupancy.limited_by, "instructions": k.instructions,
        "accesses_by_bits": k.accesses, "loads_in_flight_by_bits": k.loads_in_flight,
        "double_precision_instructions": k.doubles,
        "inner_loop": {"instructions": k.loop_instructions, "fmas": k.loop_fmas, "mmas": k.loop_mmas,
                       "fma_share": k.fma_share, "accesses_by_bits": k.loop_accesses},
    } for k in kernels], indent=1) + "\n"


def _markdown_row(cells):
    return "| " + " | ".join(cells) + " |"


def _grid(kernels, capabilities, cell):
    at = {(k.name, k.capability): k for k in kernels}
    yield _markdown_row(["kernel", *(f"sm_{c}" for c in capabilities)])
    yield _markdown_row(["---"] + ["---:"] * len(capabilities))
    for name in dict.fromkeys(k.name for k in kernels):
        yield _markdown_row([f"`{name}`", *(cell(at[name, c]) if (name, c) in at else "-"
                                            for c in capabilities)])


def markdown(kernels):
    capabilities = sorted({k.capability for k in kernels})
    tiled = [k for k in kernels if k.tiled]
    others = [k for k in kernels if not k.tiled]
    shown = 90 if 90 in capabilities else capabilities[-1]
    lines = ["**The tiled product**: registers per thread, warps per multiprocessor, "
             "instructions per multiply-add in the inner loop.", ""]
    lines += _grid(tiled, capabilities, lambda k: f"{k.resources.registers}, {k.occupancy.warps}, "
                                                  f"{_number(k.instructions_per_fma, 2)}")
    lines += ["", "**The other kernels**: registers per thread, occupancy.", ""]
    lines += _grid(others, capabilities,
                   lambda k: f"{k.resources.registers}, {k.occupancy.share:.0%}")
    spilling = [k for k in kernels if k.spills]
    lines += ["", f"Kernels that spill: {len(spilling)} of {len(kernels)}."]
    lines += ["", f"**Memory instructions** on sm_{shown}, of 16 bytes / narrower; loads from global "
              "memory that are on their way at once, times their bytes; static shared bytes; instructions "
              "in double precision.", "",
              _markdown_row(["kernel", "LDG", "STG", "LDS", "STS", "in flight", "shared", "double"]),
              _markdown_row(["---"] + ["---:"] * 7)]
    lines += [_markdown_row([f"`{k.name}`", *(_widths(k, kind) for kind in ("LDG", "STG", "LDS", "STS")),
                             _in_flight(k), str(k.resources.shared_bytes), str(k.doubles)])
              for k in kernels if k.capability == shown]
    return "\n".join(lines)
