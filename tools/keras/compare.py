#!/usr/bin/env python3
"""Compares two replay results: errors relative to each tensor's largest entry.

    compare.py KERAS.safetensors OURS.safetensors [--tolerance 2e-5]

Losses, images and first-step gradients are judged; final weights and moments
are shown. Exit status 1 if a judged tensor is off by more than the tolerance.
"""
import argparse
import sys

import numpy as np
from safetensors.numpy import load_file

# A bias in front of batch norm has a zero gradient in exact arithmetic; what is left is rounding.
NOT_COMPARABLE = "generator.dense1.bias"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("expected")
    parser.add_argument("got")
    parser.add_argument("--tolerance", type=float, default=2e-5)
    args = parser.parse_args()
    expected, got = load_file(args.expected), load_file(args.got)
    zero_gradient_bias = "generator.batch_norm1.gamma" in expected
    rows, failed = [], sorted(set(expected) - set(got))
    for name in sorted(set(expected) & set(got)):
        a, b = expected[name].astype(np.float64), got[name].astype(np.float64)
        if a.shape != b.shape:
            failed.append(name)
            continue
        error = np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)
        judged = name.startswith(("grad.", "loss", "accuracy", "fake"))
        if zero_gradient_bias and name.endswith(NOT_COMPARABLE):
            judged = False
        rows.append((error, name, judged))
        if judged and not error <= args.tolerance:
            failed.append(name)
    for error, name, judged in sorted(rows, reverse=True):
        print(f"{error:10.2e}  {name}{'' if judged else '  (not judged)'}")
    for name in failed:
        print(f"FAILED {name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
