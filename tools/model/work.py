"""What each kernel of a training step has to do: multiply-adds, bytes and arithmetic in double from the
shape of its op and the grid it was launched with; what it asks of L2 and of shared memory from the
SIMT machine's profile of it. Counted, nothing measured."""
from dataclasses import dataclass, field
from math import ceil, prod

SLICE = 8          # Tile::k
ALIGNED_TILES = {256: (128, 128), 128: (128, 64), 64: (128, 32)}
UNALIGNED_TILE = (64, 64)
F32, SECTOR = 4, 32


@dataclass
class Work:
    op: str
    kernel: str            # as tools/machine_code names it; the part before '<' if it has one
    blocks: int
    threads: int
    flops: float = 0       # of the formula
    slices: float = 0      # of the tiled product: per block
    fmas: float = 0        # that the kernel issues outside of the tiled product
    moved_bytes: float = 0      # that must come from or go to memory once
    sector_bytes: float = 0     # that its requests ask of global memory, in whole 32-byte sectors
    shared_passes: float = 0    # over the banks of shared memory, of all blocks
    double_threads: int = 0     # threads that do the kernel's double arithmetic
    double_instructions: float = 0  # that each of them does; 0: as many as there are in the machine code
    dynamic_shared_bytes: int = 0   # of a block
    instructions: float = 0     # of all warps, where neither FMAs nor bytes tell the work
    requests: dict = field(default_factory=dict)  # of warps: {("LDG", bits): number}, as SASS names them
    parts: int = 1         # of sums that another kernel is to add up
    timed_as: str = ""     # the op's name in bench/train_step, up to the direction

    @property
    def tiled(self):
        return self.slices > 0

    @property
    def warps(self):
        return self.blocks * self.threads / 32

    def count(self, line):
        """Adds what the profile counted at one line."""
        if line["space"] == "global":
            self.sector_bytes += SECTOR * line["sectors"]
        else:
            self.shared_passes += line["wavefronts"]
        opcode = ("ST" if line["access"] == "store" else "LD") + ("G" if line["space"] == "global" else "S")
        key = opcode, 8 * line["width_bytes"]
        self.requests[key] = self.requests.get(key, 0) + line["requests"]


def _blocks(launch):
    return prod(launch["grid"])


def _threads(launch):
    return prod(launch["block"])


def _label(op):
    shape = {k: v for k, v in op.items() if k not in ("op", "pass", "launches")}
    if op["op"] in ("conv2d", "conv_transpose2d"):
        text = "{batch}x{height}x{width} {in}->{out} /{stride}".format(**shape)
    elif op["op"] == "dense":
        text = "{batch} {in}->{out}".format(**shape)
    else:
        text = "x".join(str(v) for v in shape.values() if not isinstance(v, bool))
    return " ".join([op["op"], op.get("pass", ""), text]).replace("  ", " ")


def _product(op, launch, operands, m, n, k, a, b, c, classes=1, vec4=True):
    """C [m, n] of each class, sums over k; a, b, c: values of each array."""
    threads = _threads(launch)
    tile_m, tile_n = ALIGNED_TILES[threads] if vec4 else UNALIGNED_TILE
    parts = launch["grid"][2] // classes
    blocks = _blocks(launch)
    flag = "true" if vec4 else "false"
    tile = f"Tile<{tile_m}, {tile_n}>"
    kernel = (f"conv_backward_data_kernel<{tile}, {flag}>" if operands is None else
              f"product_kernel<{tile}, {operands[0]}<{flag}>, {operands[1]}<{flag}>, {flag}>")
    return Work(_label(op), kernel, blocks, threads, flops=2.0 * m * n * k * classes,
                slices=max(1, ceil(k / parts / SLICE)), moved_bytes=F32 * (a + b + c * parts),
                parts=parts)


def _sum_parts(op, launch, parts, rows, columns):
    width, count = 4 if columns % 4 == 0 else 1, rows * columns
    kernel = "sum_few_parts_kernel" if parts <= 8 else "sum_parts_kernel"
    return Work(_label(op) + ", parts", f"{kernel}<{width}>", _blocks(launch),
                _threads(launch), moved_bytes=F32 * (parts + 1) * count)


def _with_parts(op, work, rows, columns):
    """With the kernel that adds up the parts of its result [rows, columns], where there is one."""
    launches = op["launches"]
    rest = [_sum_parts(op, launches[1], work.parts, rows, columns)] if len(launches) > 1 else []
    return [work, *rest]


def _dense(op):
    batch, inputs, outputs = op["batch"], op["in"], op["out"]
    vec4 = inputs % 4 == 0 and outputs % 4 == 0
    x, w, y = batch * inputs, inputs * outputs, batch * outputs
    m, n, k, operands, a, b, c = {
        "forward": (batch, outputs, inputs, ("MatrixAlongK", "MatrixAlongMn"), x, w, y),
        "backward_data": (batch, inputs, outputs, ("MatrixAlongK", "MatrixAlongK"), y, w, x),
        "backward_weights": (inputs, outputs, batch, ("MatrixAlongMn", "MatrixAlongMn"), x, y, w),
    }[op["pass"]]
    launch = op["launches"][0]
    if launch["name"].startswith("one_output"):
        work = Work(_label(op), launch["name"] + "_kernel", _blocks(launch), _threads(launch),
                    flops=2.0 * x, fmas=0 if op["pass"] == "backward_data" else x, moved_bytes=F32 * (x + w + y), parts=launch["grid"][1])
        return _with_parts(op, work, 1, inputs)
    return _with_parts(op, _product(op, launch, operands, m, n, k, a, b, c, vec4=vec4), m, n)


def _conv(op):
    """Both kinds, as the convolution x [.., in] -> z [.., out] that they are made of."""
    batch, size, stride = op["batch"], op["kernel"], op["stride"]
    kind, direction = op["op"], op["pass"]
    if kind == "conv2d":
        height, width, inputs, outputs = op["height"], op["width"], op["in"], op["out"]
    else:  # its adjoint: forward and backward-data change places
        height, width = op["height"] * stride, op["width"] * stride
        inputs, outputs = op["out"], op["in"]
        direction = {"forward": "backward_data", "backward_data": "forward"}.get(direction, direction)
    positions = batch * ceil(height / stride) * ceil(width / stride)
    x, w, z = batch * height * width * inputs, size * size * inputs * outputs, positions * outputs
    launch = op["launches"][0]
    if launch["name"].startswith("one_channel"):
        work = Work(_label(op), launch["name"] + "_kernel", _blocks(launch), _threads(launch),
                    flops=2.0 * positions * w, fmas=positions * w, moved_bytes=F32 * (x + w + z),
                    parts=_blocks(launch))
        return _with_parts(op, work, size * size, outputs)
    vec4 = inputs % 4 == 0 and outputs % 4 == 0
    if direction == "forward":
        work = _product(op, launch, ("PatchesAlongK", "MatrixAlongMn"), positions, outputs,
                        size * size * inputs, x, w, z, vec4=vec4)
        return _with_parts(op, work, positions, outputs)
    if direction == "backward_weights":
        work = _product(op, launch, ("PatchesAlongMn", "MatrixAlongMn"), size * size * inputs, outputs,
                        positions, x, z, w, vec4=vec4)
        return _with_parts(op, work, size * size * inputs, outputs)
    classes = stride * stride
    work = _product(op, launch, None, positions, inputs, size * size * outputs / classes, z, w, x,
                    classes=classes, vec4=vec4)
    return _with_parts(op, work, batch * height * width, inputs)


def _batch_norm(op):
    values, channels = op["rows"] * op["channels"], op["channels"]
    width = 4 if channels % 4 == 0 else 1
    forward = op["pass"] == "forward"
    reads = {"batch_norm_sums": 1, "batch_norm_normalise": 2, "batch_norm_gradient_sums": 3,
             "batch_norm_gradient": 4}
    parts = op["launches"][0]["grid"][1]
    lanes = 1  # of a warp that share a channel's parts
    while lanes < 32 and lanes < parts:
        lanes *= 2
    # A conversion and an addition per part, an addition per shuffle, of two sums; then a few on those.
    doubles = 2 * (2 * ceil(parts / lanes) + lanes.bit_length() - 1) + 6
    works = []
    for launch in op["launches"]:
        name = launch["name"]
        if name in reads:
            works.append(Work(_label(op), f"{name}_kernel<{width}>", _blocks(launch),
                              _threads(launch), moved_bytes=F32 * reads[name] * values))
        else:
            works.append(Work(_label(op) + (", statistics" if forward else ", totals"),
                              name + "_kernel", _blocks(launch), _threads(launch),
                              moved_bytes=F32 * 2 * parts * channels,
                              double_threads=_blocks(launch) * _threads(launch),
                              double_instructions=doubles))
    return works


def _epilogue(op):
    values = op["rows"] * op["channels"]
    per_value = 2 * F32 + (F32 if op["activation"] and op["pass"] == "backward" else 0)
    moved = values * (per_value + (1 if op["dropout"] else 0))
    first, *rest = op["launches"]
    by_column = len(rest) > 0  # with a bias; else packs may run on over rows
    width = 4 if (op["channels"] if by_column else values) % 4 == 0 else 1
    works = [Work(_label(op), f"{first['name']}_kernel<{width}>", _blocks(first), _threads(first),
                  moved_bytes=moved)]
    return works + [_sum_parts(op, launch, first["grid"][1], 1, op["channels"]) for launch in rest]


def _simple(op):
    (launch,) = op["launches"]
    blocks, threads = _blocks(launch), _threads(launch)
    work = Work(_label(op), "", blocks, threads)
    if op["op"] == "gather":
        work.kernel, work.moved_bytes = "gather_kernel<4>", op["batch"] * op["image_size"] * 5
    elif op["op"] == "noise":
        work.kernel, work.moved_bytes = "draw_normal_kernel", op["n"] * F32
        work.double_threads = blocks * threads
    elif op["op"] == "mask":
        work.kernel, work.moved_bytes = "draw_keep_mask_kernel", op["n"]
        work.instructions = op["n"] / 8 / 32 * 150  # ten rounds of Philox per eight elements
    elif op["op"] == "loss":
        work.kernel, work.moved_bytes = "gan_loss_kernel", op["batch"] * 6 * F32
    elif op["op"] == "adam":
        work.kernel, work.moved_bytes = "adam_kernel<4>", op["n"] * 7 * F32
    return [work]


def _timed_as(op):
    """What bench/train_step calls the op, up to its direction: backward-data and backward-weights, which
    may be timed as one, are "backward" here."""
    kind = op["op"]
    if kind in ("conv2d", "conv_transpose2d"):
        name = "{kind} {in}->{out} {height}x{width} /{stride}".format(**op, kind=kind.removesuffix("2d"))
    elif kind == "dense":
        name = "dense {in}->{out}".format(**op)
    elif kind == "batch_norm":
        name = f"batch_norm {op['channels']}"
    else:
        name = {"mask": "dropout masks"}.get(kind, kind)
    return f"{name} {op['pass'].split('_')[0]}" if "pass" in op else name


def works_of(op):
    """A Work for each kernel that the op launches. `op`: of `dcgan_cuda kernels --json`, its kernels as
    "launches"."""
    works = {"dense": _dense, "conv2d": _conv, "conv_transpose2d": _conv, "batch_norm": _batch_norm,
             "epilogue": _epilogue}.get(op["op"], _simple)(op)
    for work, launch in zip(works, op["launches"], strict=True):
        work.timed_as = _timed_as(op)
        work.dynamic_shared_bytes = launch.get("dynamic_shared_bytes", 0)
        for line in launch["lines"]:
            work.count(line)
    return works
