"""How many warps a kernel can keep on a multiprocessor, from its registers, threads and shared memory.

Limits per compute capability are those of NVIDIA's CUDA C++ Programming Guide, "Technical
Specifications per Compute Capability"; allocation units are those of the CUDA Occupancy Calculator.
"""
from dataclasses import dataclass

REGISTERS = 64 * 1024  # of 32 bits per multiprocessor, in every capability below
REGISTER_UNIT = 256    # registers are given to a warp in multiples of this
KIB = 1024


@dataclass(frozen=True)
class Limits:
    warps: int            # resident per multiprocessor
    blocks: int           # resident per multiprocessor
    shared_bytes: int     # per multiprocessor
    reserved_bytes: int   # of shared memory that the system takes from each block
    shared_unit: int      # shared memory is given out in multiples of this


LIMITS = {
    75: Limits(32, 16, 64 * KIB, 0, 256),
    80: Limits(64, 32, 164 * KIB, KIB, 128),
    86: Limits(48, 16, 100 * KIB, KIB, 128),
    89: Limits(48, 24, 100 * KIB, KIB, 128),
    90: Limits(64, 32, 228 * KIB, KIB, 128),
    100: Limits(64, 32, 228 * KIB, KIB, 128),
    120: Limits(48, 24, 100 * KIB, KIB, 128),
}


@dataclass(frozen=True)
class Occupancy:
    blocks: int     # per multiprocessor
    warps: int      # per multiprocessor
    share: float    # of the warps that the multiprocessor can hold
    limited_by: str


def _round_up(value, unit):
    return -(-value // unit) * unit


def occupancy(capability, registers, threads, shared_bytes):
    """Of blocks with `threads` threads, `registers` per thread and `shared_bytes` in all."""
    limits = LIMITS[capability]
    warps = -(-threads // 32)
    bounds = {"warps": limits.warps // warps, "blocks": limits.blocks}
    if registers:
        # A quarter of the register file belongs to each of the four schedulers; warps are dealt out.
        warps_by_registers = REGISTERS // 4 // _round_up(registers * 32, REGISTER_UNIT) * 4
        bounds["registers"] = warps_by_registers // warps
    shared = _round_up(shared_bytes + limits.reserved_bytes, limits.shared_unit)
    if shared:
        bounds["shared memory"] = limits.shared_bytes // shared
    limited_by = min(bounds, key=bounds.get)
    blocks = bounds[limited_by]
    return Occupancy(blocks, blocks * warps, blocks * warps / limits.warps, limited_by)
