"""What compare.py and its workers say to each other.

A worker trains one preset in one way. It answers 'ready NAME', then for every
line 'N' on its standard input runs N steps and answers with one line: a JSON
list of milliseconds, one per step. An empty input ends it.
"""
import json
import sys
import time

import numpy as np

LATENT = 100
BATCH = 256
KEEP = 0.7
RATES = {  # preset: generator lr, discriminator lr, beta1
    "vanilla": (2e-4, 2e-4, 0.5),
    "dcgan": (7e-5, 2e-4, 0.5),
    "tf-tutorial": (1e-4, 1e-4, 0.9),
}


def random_images(count=8192):
    """Pixels of no meaning in [-1, 1], [count, 28, 28, 1]: the arithmetic is the same."""
    pixels = np.random.default_rng(1).integers(0, 256, (count, 28, 28, 1), np.uint8)
    return (pixels.astype(np.float32) - 127.5) / 127.5


def serve(name, step):
    """Answers compare.py; `step` runs one training step to its end."""
    out, sys.stdout = sys.stdout, sys.stderr
    print(f"ready {name}", file=out, flush=True)
    for line in sys.stdin:
        if not line.strip():
            break
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps(times), file=out, flush=True)
