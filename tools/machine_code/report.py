"""What nvcc makes of the kernels: registers, spills, occupancy, access widths, the inner loop.

Run by tools/machine_code.sh, which finds or installs cuobjdump.
"""
import argparse
import pathlib
import sys

import kernels as measured
import page
import render
import rules
from occupancy import LIMITS


def parse_arguments():
    parser = argparse.ArgumentParser(prog="machine_code.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="75,80,90,120",
                        help="compute capabilities, for example 75,90 (default %(default)s)")
    parser.add_argument("--library", help="read this built library or program; compile nothing")
    parser.add_argument("--kernel", default="", help="only kernels whose name contains this")
    parser.add_argument("--json", help="also write JSON here")
    parser.add_argument("--markdown", help="also renew the generated part of this page")
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 on a spill or a main loop that lost its speed")
    parser.add_argument("--nvcc", default="nvcc", help=argparse.SUPPRESS)
    parser.add_argument("--cuobjdump", default="cuobjdump", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        arguments.arch = [int(a) for a in arguments.arch.replace(";", ",").split(",")]
    except ValueError:
        parser.error("--arch: expected numbers like 75,90")
    unknown = [a for a in arguments.arch if a not in LIMITS]
    if unknown:
        parser.error(f"the limits of compute capability {unknown[0]} are not known; "
                     f"known are {', '.join(map(str, LIMITS))}")
    return arguments


def main():
    arguments = parse_arguments()
    try:
        if arguments.library:
            kernels = measured.read_library(arguments.cuobjdump, arguments.library)
            kernels = [k for k in kernels if k.capability in LIMITS]
        else:
            kernels = measured.compile_kernels(arguments.nvcc, arguments.cuobjdump, arguments.arch)
    except measured.ToolError as error:
        print(f"machine_code: {error}", file=sys.stderr)
        return 1
    kernels = [k for k in kernels if arguments.kernel in k.name]
    if not kernels:
        print("machine_code: no kernel found", file=sys.stderr)
        return 1
    if not arguments.check:
        print(render.table(kernels))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(render.as_json(kernels))
    if arguments.markdown:
        page.write(arguments.markdown, "machine_code.sh", render.markdown(kernels))
    if arguments.check:
        broken = [sentence for kernel in kernels for sentence in rules.violations(kernel)]
        for sentence in broken:
            print(f"machine_code: {sentence}", file=sys.stderr)
        print(f"machine_code: {len(kernels)} kernels checked, {len(broken)} rules broken")
        return 1 if broken else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
