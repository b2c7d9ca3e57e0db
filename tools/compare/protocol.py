"""The protocol between compare.py and its workers.

A worker trains one preset in one way. It says 'ready NAME' once, and for every
line 'N' on its standard input runs N steps and answers with one line: a JSON
list of milliseconds per step. The end of its input ends it. Where it cannot go
on it says 'failed REASON' in place of an answer and ends. It may set itself up
when the first line comes, which is '0', so that those who wait disturb nobody.
"""
import json
import sys
import time

LATENT = 100
BATCH = 256
KEEP = 0.7
IMAGES = 8192  # of random pixels: the arithmetic is the same
RATES = {  # preset: generator lr, discriminator lr, beta1
    "vanilla": (2e-4, 2e-4, 0.5),
    "dcgan": (7e-5, 2e-4, 0.5),
    "tf-tutorial": (1e-4, 1e-4, 0.9),
}
QUEUED_STEPS = 16  # between two waits for a GPU


def random_images():
    """Random pixels in [-1, 1], [IMAGES, 28, 28, 1], as numpy's."""
    import numpy as np

    pixels = np.random.default_rng(1).integers(0, 256, (IMAGES, 28, 28, 1), np.uint8)
    return (pixels.astype(np.float32) - 127.5) / 127.5


def reason_of(error):
    """An exception in one line: its type, and the first line of its message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]


def timed(step, wait, steps):
    """Milliseconds per step: of each step, or where there is a `wait`, of groups between waits."""
    times = []
    while steps > 0:
        group = min(steps, QUEUED_STEPS) if wait else 1
        start = time.perf_counter()
        for _ in range(group):
            step()
        if wait:
            wait()
        times.append((time.perf_counter() - start) * 1e3 / group)
        steps -= group
    return times


def serve(set_up):
    """Answers compare.py. `set_up` returns (name, step, wait): `step` runs one training step, to its
    end, or only queues it, and then `wait` waits for all that are queued; else `wait` is None."""
    out, sys.stdout = sys.stdout, sys.stderr

    def answer(line):
        print(line, file=out, flush=True)

    try:
        step = None
        for line in sys.stdin:
            if step is None:
                name, step, wait = set_up()
                answer(f"ready {name}")
            answer(json.dumps(timed(step, wait, int(line))))
    except Exception as error:
        import traceback

        traceback.print_exc()
        answer(f"failed {reason_of(error)}")
        sys.exit(1)
