#!/usr/bin/env python3
"""Draws coloured shapes, a folder per class: a data set to try the presets for own pictures with.

    tools/make_shapes.py DIR [--count 3000] [--size 32] [--seed 1]
    dcgan_cuda train --preset dcgan-32 --data DIR
"""
import argparse
import math
import random
import struct
import zlib
from pathlib import Path

SAMPLES = 3  # per pixel and axis, for smooth edges


def write_png(path: Path, size: int, rows: list[bytes]) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)  # 8 bits of RGB
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def disc(x: float, y: float) -> bool:
    return x * x + y * y < 1


def ring(x: float, y: float) -> bool:
    return 0.3 < x * x + y * y < 1


def square(x: float, y: float) -> bool:
    return max(abs(x), abs(y)) < 0.85


def triangle(x: float, y: float) -> bool:
    return -0.6 < y < 1 - 1.8 * abs(x)


def star(x: float, y: float) -> bool:
    turn = math.pi / 5
    angle = abs((math.atan2(x, y) + turn) % (2 * turn) - turn)  # from the nearest point of the five
    outer, inner = 1.1, 0.48
    # The edge from a point (outer, 0) to a notch (inner, turn), in polar form.
    edge = outer * inner * math.sin(turn) / (outer * math.sin(angle) + inner * math.sin(turn - angle))
    return math.hypot(x, y) < edge


def cross(x: float, y: float) -> bool:
    return min(abs(x), abs(y)) < 0.3 and max(abs(x), abs(y)) < 0.95


SHAPES = {"disc": disc, "ring": ring, "square": square, "triangle": triangle, "star": star, "cross": cross}
COLOURS = [(222, 60, 50), (245, 160, 30), (60, 165, 75), (45, 115, 205)]
GROUND = (250, 246, 236)


def draw(inside, size: int, draws: random.Random) -> list[bytes]:
    colour = draws.choice(COLOURS)
    radius = size * draws.uniform(0.34, 0.42)
    cx, cy = (size / 2 + draws.uniform(-0.03, 0.03) * size for _ in range(2))
    rows = []
    for py in range(size):
        row = bytearray()
        for px in range(size):
            share = sum(
                inside((px + (i + 0.5) / SAMPLES - cx) / radius, (cy - py - (j + 0.5) / SAMPLES) / radius)
                for i in range(SAMPLES) for j in range(SAMPLES)) / SAMPLES**2
            row += bytes(round(g + (c - g) * share) for c, g in zip(colour, GROUND))
        rows.append(bytes(row))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draws = random.Random(options.seed)
    names = list(SHAPES)
    for name in names:
        (options.folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(options.count):
        name = names[i % len(names)]
        write_png(options.folder / name / f"{i:05}.png", options.size, draw(SHAPES[name], options.size, draws))


if __name__ == "__main__":
    main()
