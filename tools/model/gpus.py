"""Published limits of the GPUs that the model knows, and the names that the driver has for them.

Multiprocessors, lanes, clocks, DRAM and L2 capacity: NVIDIA's data sheets, product briefs and
architecture whitepapers (Turing TU102, Ampere GA100 and GA102, Ada, Hopper GH100, Blackwell, RTX
Blackwell). Of the multiprocessors that B200 and GB200 have on, Chips and Cheese ("Nvidia's B200", 2025)
counted 148, and a GB200 reports 152.

Clocks are the boost clock; where a card has no more than 150 W it does not hold that through a product
(forums.developer.nvidia.com/t/264462 on the T4), and the middle of base and boost is assumed.
"""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Of one multiprocessor, and how far its memory is away."""
    fp32_lanes: int
    fp64_lanes: int
    l2_bytes: float         # per cycle
    l2_latency: int         # cycles
    dram_latency: int
    tf32_fmas: int = 0      # of tensor cores by mma.sync, per cycle; 0: they take no TF32


# L2 bytes: T4, Jia et al., "Dissecting the NVIDIA Turing T4 GPU via Microbenchmarking" (2019), 1270 GB/s;
# A100, the whitepaper's 5120 bytes per clock; H100 and RTX 4090, measured by Chips and Cheese as 5500 and
# 5000 GB/s. Latency: A100, H100 and RTX 4090, Luo et al., "Benchmarking and Dissecting the Nvidia Hopper
# GPU Architecture" (2024); Turing's L2, github.com/sjfeng1999/gpu-arch-microbenchmark; B200's L2, 150 ns
# (Chips and Cheese). Not published, so taken over: GA102's L2 bytes and both latencies from Ada, B200's
# L2 bytes from H100, RTX Blackwell's from Ada; the way from L2 to DRAM of T4 and B200 from H100.
# TF32: the whitepapers' dense rates; of them mma.sync reaches 62 % on Hopper (Luo et al.), which is taken over
# for B200.
TURING = Architecture(64, 2, 20.0, 236, 452)
GA100 = Architecture(64, 32, 47.4, 262, 466, 512)
GA102 = Architecture(128, 2, 15.5, 273, 541, 128)
ADA = Architecture(128, 2, 15.5, 273, 541, 128)
HOPPER = Architecture(128, 64, 21.0, 263, 479, 640)
BLACKWELL = Architecture(128, 64, 21.0, 295, 511, 640)
RTX_BLACKWELL = Architecture(128, 2, 15.5, 273, 541, 128)


@dataclass(frozen=True)
class Gpu:
    device: str              # pattern of the driver's name for it, all of it
    capability: int
    architecture: Architecture
    multiprocessors: int
    boost_ghz: float
    dram_gb_s: float
    l2_mb: float
    base_ghz: float = None   # of cards that do not hold their boost clock

    @property
    def clock_ghz(self):
        return self.boost_ghz if self.base_ghz is None else (self.base_ghz + self.boost_ghz) / 2

    @property
    def l2_gb_s(self):
        return self.architecture.l2_bytes * self.multiprocessors * self.clock_ghz

    @property
    def tflops(self):
        """At the boost clock, as data sheets have it."""
        return self.multiprocessors * self.architecture.fp32_lanes * 2 * self.boost_ghz / 1e3


GPUS = {
    "T4": Gpu("(Tesla|NVIDIA) T4", 75, TURING, 40, 1.590, 320, 4, base_ghz=0.585),
    "A100": Gpu("(NVIDIA )?A100-(SXM4|PCIE)-40GB", 80, GA100, 108, 1.410, 1555, 40),
    "A100 80GB": Gpu("NVIDIA A100(-SXM4-80GB| 80GB PCIe)", 80, GA100, 108, 1.410, 2039, 40),
    "A10": Gpu("NVIDIA A10", 86, GA102, 72, 1.695, 600, 6, base_ghz=0.885),
    "A10G": Gpu("NVIDIA A10G", 86, GA102, 80, 1.710, 600, 6),
    "A40": Gpu("NVIDIA A40", 86, GA102, 84, 1.740, 696, 6),
    "RTX A6000": Gpu("NVIDIA RTX A6000", 86, GA102, 84, 1.800, 768, 6),
    "RTX 3090": Gpu("NVIDIA GeForce RTX 3090", 86, GA102, 82, 1.695, 936, 6),
    "L4": Gpu("NVIDIA L4", 89, ADA, 58, 2.040, 300, 48, base_ghz=0.795),
    "L40S": Gpu("NVIDIA L40S", 89, ADA, 142, 2.520, 864, 96),
    "RTX 6000 Ada": Gpu("NVIDIA RTX 6000 Ada Generation", 89, ADA, 142, 2.505, 960, 96),
    "RTX 4090": Gpu("NVIDIA GeForce RTX 4090", 89, ADA, 128, 2.520, 1008, 72),
    "H100 PCIe": Gpu("NVIDIA H100 PCIe", 90, HOPPER, 114, 1.755, 2039, 50),
    "H100 NVL": Gpu("NVIDIA H100 NVL", 90, HOPPER, 132, 1.785, 3938, 50),
    "H100": Gpu("NVIDIA H100 80GB HBM3", 90, HOPPER, 132, 1.980, 3350, 50),
    "H200": Gpu("NVIDIA H200", 90, HOPPER, 132, 1.980, 4800, 50),
    "GH200": Gpu("NVIDIA GH200 480GB", 90, HOPPER, 132, 1.980, 4000, 50),
    "B200": Gpu("NVIDIA B200", 100, BLACKWELL, 148, 1.965, 8000, 126),
    "GB200": Gpu("NVIDIA GB200", 100, BLACKWELL, 152, 2.062, 8000, 126),
    "RTX 5090": Gpu("NVIDIA GeForce RTX 5090", 120, RTX_BLACKWELL, 170, 2.407, 1792, 96),
    "RTX PRO 6000": Gpu("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 120, RTX_BLACKWELL, 188, 2.600,
                        1792, 128),
    "RTX PRO 6000 Server": Gpu("NVIDIA RTX PRO 6000 Blackwell Server Edition", 120, RTX_BLACKWELL, 188, 2.490,
                               1597, 128),
}


def card_of(device):
    """The card's name in GPUS, or None. `device`: as bench/train_step describes it, "cuda, NVIDIA H200"."""
    parts = [part.strip() for part in device.split(",")]
    return next((name for name, gpu in GPUS.items()
                 if any(re.fullmatch(gpu.device, part) for part in parts)), None)
