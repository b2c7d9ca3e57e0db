#!/usr/bin/env python3
"""Writes tests/fixtures/distances.safetensors: features of two sets, and their distances as NumPy, SciPy and the
package prdc find them. Needs: pip install numpy scipy prdc safetensors"""
import importlib.metadata
import pathlib

import numpy
import prdc
import scipy.linalg
from safetensors.numpy import save_file

REAL, GENERATED, SIZE, NEIGHBOURS = 260, 300, 24, 5


def features():
    """As a layer with ReLU gives them: correlated, many zeros, two that are always 0. The generated ones lack a
    part of the real ones, and some are repeated."""
    random = numpy.random.default_rng(11)
    mix = random.normal(size=(6, SIZE))
    mix[:, :2] = 0

    def draw(count, low, bend, noise):
        z = random.normal(size=(count, 6))
        z[:, 0] = random.uniform(low, 3, count)
        x = z @ mix * bend + noise * random.normal(size=(count, SIZE)) + .4
        x[:, :2] = 0
        return numpy.maximum(x, 0).astype(numpy.float32)

    real, generated = draw(REAL, -3, 1, .1), draw(GENERATED, -.5, .9, .8)
    generated[50:70] = generated[:20]
    return real, generated


def frechet(a, b):
    """Without the features that are always 0: they add nothing, and sqrtm wants a matrix of full rank."""
    a, b = a[:, 2:], b[:, 2:]
    s, t = numpy.cov(a, rowvar=False), numpy.cov(b, rowvar=False)
    shift = a.mean(axis=0) - b.mean(axis=0)
    return shift @ shift + numpy.trace(s + t - 2 * numpy.real(scipy.linalg.sqrtm(s @ t)))


def kernel_distance(a, b):
    def mean(x, y, same):
        k = (x @ y.T / SIZE + 1) ** 3
        return (k.sum() - numpy.trace(k)) / (len(x) * (len(x) - 1)) if same else k.mean()
    return mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)


def main():
    real, generated = features()
    a, b = real.astype(numpy.float64), generated.astype(numpy.float64)
    figures = {"frechet": frechet(a, b), "kernel": kernel_distance(a, b),
               **prdc.compute_prdc(real_features=a, fake_features=b, nearest_k=NEIGHBOURS)}
    packages = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "scipy", "prdc", "scikit-learn"))
    path = pathlib.Path(__file__).parents[1] / "fixtures/distances.safetensors"
    save_file({"real": real, "generated": generated}, path,
              {**{name: repr(float(value)) for name, value in figures.items()}, "made_with": packages})
    path.chmod(0o644)
    print(path.stat().st_size, figures, packages)


if __name__ == "__main__":
    main()
