"""Prints what training steps launch on an H100.

Use: `python -m tests.gpu_ahead [NETWORK ...]`.
"""

import sys

from tests.gpu_ahead import compiling, steps


def main() -> None:
    """Compiles the steps of the given networks, or of all, one after another."""
    if reason := compiling.missing():
        sys.exit(f"Cannot compile for an H100: {reason}. See tests/gpu_ahead/compiling.py.")
    for name in sys.argv[1:] or steps.NETWORKS:
        print(name, steps.count_step(name), flush=True)
    if not sys.argv[1:]:
        for order in ("symplectic", "competitive"):
            print("dcgan16", order, steps.count_step("dcgan16", order), flush=True)


if __name__ == "__main__":
    main()
