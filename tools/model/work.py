"""What each kernel of a training step has to do, as `dcgan_cuda kernels --json` writes it: the work that its
launch declares, and what its warps ask of L2 and of shared memory. Nothing is measured, or worked out, here."""
from dataclasses import dataclass, field
from math import prod

SECTOR = 32  # bytes


@dataclass
class Work:
    op: str                # the op's label
    kernel: str            # the function, as tools/machine_code names it
    blocks: int
    threads: int
    launch: str = ""       # the launch's name: "conv_backward_data"
    flops: float = 0       # of the multiply-adds that it issues
    slices: float = 0      # of the tiled product: per block
    moved_bytes: float = 0      # that must come from or go to memory once
    sector_bytes: float = 0     # that its requests ask of global memory, in whole 32-byte sectors
    shared_passes: float = 0    # over the banks of shared memory, of all blocks
    instructions: int = 0       # of a thread, where neither multiply-adds nor bytes tell the work
    double_instructions: int = 0  # of a thread, the mean
    dynamic_shared_bytes: int = 0   # of a block
    requests: dict = field(default_factory=dict)  # of warps: {("LDG", bits): number}, as SASS names them

    @property
    def tiled(self):
        return self.slices > 0

    @property
    def warps(self):
        return self.blocks * self.threads / 32

    @property
    def name(self):
        """The op's label and what the kernel does of it."""
        parts = ", parts" if self.kernel.startswith("sum_") else ""
        return f"{self.op}: {self.launch.replace('_', ' ')}{parts}"

    def count(self, line):
        """Adds what the profile counted at one line."""
        if line["space"] == "global":
            self.sector_bytes += SECTOR * line["sectors"]
        else:
            self.shared_passes += line["wavefronts"]
        if line["space"] == "global" and line.get("line", "").startswith("arrival.h:"):
            return  # a counter's atomic operation, which the profile has as a load and a store
        opcode = ("ST" if line["access"] == "store" else "LD") + ("G" if line["space"] == "global" else "S")
        if line.get("line", "").startswith("async_copy.h:"):  # one instruction, which loads and stores
            opcode = "LDGSTS"
            if line["space"] == "shared":
                return
        key = opcode, 8 * line["width_bytes"]
        self.requests[key] = self.requests.get(key, 0) + line["requests"]


def works_of(op):
    """A Work for each kernel that the op launches. `op`: one of the profile's."""
    works = []
    for kernel in op["kernels"]:
        work = Work(op["label"], kernel["function"], prod(kernel["grid"]), prod(kernel["block"]), kernel["name"],
                    flops=2 * kernel["fmas"], slices=kernel["slices"], moved_bytes=kernel["bytes"],
                    instructions=kernel["instructions"], double_instructions=kernel["double_instructions"],
                    dynamic_shared_bytes=kernel["dynamic_shared_bytes"])
        for line in kernel["lines"]:
            work.count(line)
        works.append(work)
    return works
