"""Published limits of the GPUs that the model knows.

Multiprocessors, lanes, clocks and DRAM: NVIDIA's data sheets and architecture whitepapers (Turing,
Ampere GA100, Hopper GH100, Ada). L2 bandwidth: A100, the whitepaper's 5120 bytes per clock; T4, Jia et
al., "Dissecting the NVIDIA Turing T4 GPU via Microbenchmarking" (2019); H100 and RTX 4090, measurements
of Chips and Cheese. Clocks are the boost clock, which a GPU at its power limit does not hold.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    name: str
    capability: int          # whose machine code it runs; 89 runs as 90 in registers and instructions
    multiprocessors: int
    fp32_lanes: int          # per multiprocessor
    fp64_lanes: int
    clock_ghz: float
    dram_gb_s: float
    l2_mb: float
    l2_gb_s: float

    @property
    def tflops(self):
        return self.multiprocessors * self.fp32_lanes * 2 * self.clock_ghz / 1e3


GPUS = {
    "T4": Gpu("T4", 75, 40, 64, 2, 1.590, 320, 4, 1270),
    "A100": Gpu("A100 SXM4 40 GB", 80, 108, 64, 32, 1.410, 1555, 40, 7219),
    "H100": Gpu("H100 SXM5", 90, 132, 128, 64, 1.980, 3350, 50, 5500),
    "RTX 4090": Gpu("RTX 4090", 89, 128, 128, 2, 2.520, 1008, 72, 5000),
}
