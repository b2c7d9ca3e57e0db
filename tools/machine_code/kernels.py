"""Compiles kernels to machine code, or reads a built library, and measures each kernel in it."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass

import disassembly
from occupancy import occupancy

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDES = [flag for folder in (ROOT, ROOT / "src", ROOT / "include") for flag in ("-I", str(folder))]


class ToolError(Exception):
    """One sentence that a user can act on."""


@dataclass
class Kernel:
    name: str                 # without namespaces and parameters
    capability: int
    resources: disassembly.Resources
    threads: int              # per block at most, from its launch bounds
    occupancy: object         # without dynamic shared memory
    instructions: int
    accesses: dict            # {"LDG": {128: count}}
    doubles: int              # double-precision instructions
    loop_instructions: int    # of the inner loop, 0 where none has an FMA or a tensor cores' product
    loop_fmas: int
    loop_mmas: int            # products of tensor cores
    loop_accesses: dict
    loads_in_flight: dict     # from global memory, by width: {128: count}

    @property
    def tiled(self):
        """Whether it is the tiled matrix product's main loop in fp32."""
        return (self.name.startswith(("product_kernel<", "conv_backward_data_kernel<"))
                and not self.on_tensor_cores)

    @property
    def on_tensor_cores(self):
        return "TensorTile<" in self.name

    @property
    def in_packs(self):
        """Of a product: whether four neighbours are one load."""
        return re.search(r"true, \w+Finish>$", self.name) is not None

    @property
    def tile(self):
        """"Tile<128, 64, 1>" (rows, columns, groups), or "" where it is no tiled product."""
        found = re.search(r"Tile<\d+, \d+, \d+>", self.name) if self.tiled else None
        return found[0] if found else ""

    @property
    def fma_share(self):
        return self.loop_fmas / self.loop_instructions if self.loop_fmas else None

    @property
    def instructions_per_fma(self):
        return self.loop_instructions / self.loop_fmas if self.loop_fmas else None

    @property
    def spills(self):
        """Bytes where ptxas reported them; otherwise instructions on local memory without a stack frame
        of the program's own, which cannot be told apart."""
        r = self.resources
        if r.spill_store_bytes is not None:
            return r.spill_store_bytes + r.spill_load_bytes
        return sum(sum(self.accesses.get(kind, {}).values()) for kind in ("LDL", "STL"))


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolError(f"{pathlib.Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout, done.stderr


def demangle(names):
    """{mangled: short}: 'product_kernel<Tile<128, 32, 1>, ...>'."""
    done = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolError("c++filt failed; it comes with binutils")
    return {name: shorten(full) for name, full in zip(names, done.stdout.splitlines())}


def shorten(name):
    return re.sub(r"\(anonymous namespace\)::|dcgan::\w+::|^void ", "", name)


def compile_kernels(nvcc, cuobjdump, capabilities):
    """Compiles kernels/*.cu for each capability and measures every kernel in them."""
    sources = sorted((ROOT / "kernels").glob("*.cu"))
    jobs = [(source, capability) for capability in capabilities for source in sources]
    with tempfile.TemporaryDirectory(prefix="machine_code") as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:

        def measure(job):
            source, capability = job
            cubin = pathlib.Path(folder) / f"{source.stem}.sm_{capability}.cubin"
            _, log = run([nvcc, "-std=c++20", "-O3", "-DDCGAN_TARGET=cuda", *INCLUDES, "-cubin",
                          f"-arch=sm_{capability}", "-Xptxas", "-v", str(source), "-o", str(cubin)])
            resources = {(capability, name): r
                         for name, r in disassembly.ptxas_resources(log).items()}
            found = measure_file(cuobjdump, cubin, resources)
            if len(found) < len(resources):
                raise ToolError(f"{source.name} has a kernel without __launch_bounds__; its occupancy "
                                "cannot be told")
            return found

        return _unique(kernel for kernels in pool.map(measure, jobs) for kernel in kernels)


def read_library(cuobjdump, path):
    """Measures every kernel in a built library or program."""
    if not pathlib.Path(path).is_file():
        raise ToolError(f"{path} is no file")
    resources = disassembly.library_resources(run([cuobjdump, "-res-usage", str(path)])[0])
    if not resources:
        raise ToolError(f"{path} holds no kernel's machine code")
    return _unique(measure_file(cuobjdump, path, resources))


def measure_file(cuobjdump, path, resources):
    functions = disassembly.functions(run([cuobjdump, "-sass", str(path)])[0])
    threads = disassembly.block_threads(run([cuobjdump, "-elf", str(path)])[0])
    names = demangle(sorted({f.name for f in functions}))
    return [measure_function(f, names[f.name], resources[f.capability, f.name], threads[f.name])
            for f in functions if f.name in threads and (f.capability, f.name) in resources]


def measure_function(function, name, resources, threads):
    loop = disassembly.inner_loop(function.instructions)
    fmas, mmas = disassembly.fma_count(loop), disassembly.mma_count(loop)
    return Kernel(
        name, function.capability, resources, threads,
        occupancy(function.capability, resources.registers, threads, resources.shared_bytes),
        len(function.instructions), disassembly.accesses(function.instructions),
        disassembly.double_count(function.instructions), len(loop) if fmas or mmas else 0, fmas, mmas,
        disassembly.accesses(loop), disassembly.loads_in_flight(function.instructions))


def _unique(kernels):
    """Without the copies that several files have of one template, sorted."""
    return sorted({(k.capability, k.name): k for k in kernels}.values(),
                  key=lambda k: (k.capability, not k.tiled, k.name))
