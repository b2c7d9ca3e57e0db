"""Rules for the kernels' machine code; CI fails where one is broken."""

# The least share of multiply-adds among the instructions of the tiled product's inner loop, by tile.
# What is not an FMA there is four 16-byte shared loads per 64 FMAs and bringing in the next slice: the
# smaller the tile, the more of that per FMA; and Tile<64, 64, 1> loads and checks each value by itself.
# Each is what the kernels reach on every architecture, less a little.
LEAST_FMA_SHARE = {"Tile<128, 128, 1>": 0.79, "Tile<128, 64, 1>": 0.76, "Tile<128, 32, 1>": 0.68,
                   "Tile<64, 64, 1>": 0.55, "Tile<64, 64, 2>": 0.60, "Tile<64, 32, 6>": 0.60}
# By kernel and compute capability, where ptxas computes a thread's place anew within the loop.
LEAST_FMA_SHARE_OF = {("conv_backward_data_kernel<Tile<128, 128, 1>, true, BackwardFinish>", 120): 0.78}

# The loads from global memory, by their width in bits, that these kernels have on their way before they
# wait for the first: one after the other each would cost a trip to the L2 cache or to memory.
LEAST_LOADS_IN_FLIGHT = {
    "sum_parts_kernel<1>": (32, 8), "sum_parts_kernel<4>": (128, 4),
    "sum_few_parts_kernel<1>": (32, 8), "sum_few_parts_kernel<4>": (128, 4),
    "batch_norm_statistics_kernel<1>": (32, 4), "batch_norm_statistics_kernel<4>": (128, 4),
    "batch_norm_gradient_sums_kernel<1>": (32, 10),
    "batch_norm_statistics_of_parts_kernel": (128, 4), "batch_norm_sums_of_parts_kernel": (128, 4),
    "epilogue_backward_bias_kernel<1, GradientInMemory>": (32, 8),
    "epilogue_backward_bias_kernel<4, GradientInMemory>": (128, 4),
    "batch_norm_whole_forward_kernel<1>": (32, 4), "batch_norm_whole_forward_kernel<4>": (128, 4),
    "batch_norm_whole_backward_kernel<1>": (32, 10),
    "one_channel_backward_data_kernel<ForwardFinish>": (128, 4),
    "one_channel_backward_data_kernel<BackwardFinish>": (128, 4),
    "one_output_forward_kernel": (128, 4), "one_output_backward_weights_kernel": (128, 4),
}

# Bytes of local memory that are no spill: sine and cosine in double keep the bits of 2/pi there that a large
# angle needs. Of a built library only the size of all is known.
OWN_STACK_BYTES = {"draw_kernel": 40}


def violations(kernel):
    """Sentences, one for each rule that a kernel breaks."""
    name = f"{kernel.name} (sm_{kernel.capability})"
    reported = kernel.resources.spill_store_bytes is not None
    own = OWN_STACK_BYTES.get(kernel.name, 0)
    if kernel.spills and (reported or kernel.resources.stack_bytes != own):
        yield f"{name} spills registers to local memory: {kernel.spills}"
    bits, least = LEAST_LOADS_IN_FLIGHT.get(kernel.name, (0, 0))
    if (found := kernel.loads_in_flight.get(bits, 0)) < least:
        yield f"{name} waits for its loads of {bits} bits {found} at a time, {least} is demanded"
    if kernel.on_tensor_cores and kernel.capability >= 80:
        width = 128 if kernel.in_packs else 32
        copies = kernel.accesses.get("LDGSTS", {})
        if set(copies) != {width}:
            yield f"{name}: its copies to shared memory are not {width} bits wide: {copies}"
        yield from generic_accesses(kernel, name)
    if not kernel.tiled:
        return
    if kernel.fma_share is None:
        yield f"{name} has no inner loop of multiply-adds"
        return
    shared_loads = kernel.loop_accesses.get("LDS", {})
    if set(shared_loads) != {128}:
        yield f"{name}: its inner loop's shared loads are not 16 bytes wide: {shared_loads}"
    least = LEAST_FMA_SHARE_OF.get((kernel.name, kernel.capability), LEAST_FMA_SHARE.get(kernel.tile))
    if least is None:
        yield f"{name}: no least share of multiply-adds is stated for its tile (rules.py)"
    elif kernel.fma_share < least:
        yield f"{name}: {kernel.fma_share:.2f} of its inner loop are multiply-adds, {least} is demanded"
    yield from generic_accesses(kernel, name)


def generic_accesses(kernel, name):
    generic = {kind: kernel.accesses[kind] for kind in ("LD", "ST") if kind in kernel.accesses}
    if generic:
        yield f"{name} has generic accesses, whose memory the compiler could not tell: {generic}"
