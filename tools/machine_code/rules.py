"""What the machine code of the kernels must hold to; CI fails where it does not."""

# Multiply-adds among the instructions of the tiled product's inner loop. What is not an FMA there is
# four 16-byte shared loads per 64 FMAs, and bringing in the next slice; where four neighbours are
# loaded one by one with a check each, that is more.
LEAST_FMA_SHARE = 0.80
LEAST_FMA_SHARE_CHECKED = 0.55


def violations(kernel):
    """Sentences, one for each rule that a kernel breaks."""
    name = f"{kernel.name} (sm_{kernel.capability})"
    if kernel.spills:
        yield f"{name} spills registers to local memory: {kernel.spills}"
    if not kernel.tiled:
        return
    if kernel.fma_share is None:
        yield f"{name} has no inner loop of multiply-adds"
        return
    shared_loads = kernel.loop_accesses.get("LDS", {})
    if set(shared_loads) != {128}:
        yield f"{name}: its inner loop's shared loads are not 16 bytes wide: {shared_loads}"
    least = LEAST_FMA_SHARE_CHECKED if kernel.checked_path else LEAST_FMA_SHARE
    if kernel.fma_share < least:
        yield f"{name}: {kernel.fma_share:.2f} of its inner loop are multiply-adds, {least} is demanded"
    generic = {kind: kernel.accesses[kind] for kind in ("LD", "ST") if kind in kernel.accesses}
    if generic:
        yield f"{name} has generic accesses, whose memory the compiler could not tell: {generic}"
