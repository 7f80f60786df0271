"""Prints what training steps launch on an H100, and the passes of updates.

Use: `python -m tests.gpu_ahead [NETWORK ...]`, or with one of the words `updates`, `trainer` and
`grouped`, or `python -m tests.gpu_ahead many_devices [cuda|tpu] [WIDTH]`.
"""

import sys

import optax

import minmax_jax as mm
from tests.gpu_ahead import compiling, grouped, many_devices, steps, trainer, updates


def main() -> None:
    """Compiles the steps of the given networks, or of all, one after another."""
    if reason := compiling.missing():
        sys.exit(f"Cannot compile for an H100: {reason}. See tests/gpu_ahead/compiling.py.")
    if sys.argv[1:2] == ["many_devices"]:
        return print_many_devices(*sys.argv[2:])
    if sys.argv[1:] == ["updates"]:
        return print_passes()
    if sys.argv[1:] == ["trainer"]:
        return print_trainer()
    if sys.argv[1:] == ["grouped"]:
        return print_grouped()
    for name in sys.argv[1:] or steps.NETWORKS:
        print(name, steps.count_step(name), flush=True)
    if not sys.argv[1:]:
        for order in ("symplectic", "competitive"):
            print("dcgan16", order, steps.count_step("dcgan16", order), flush=True)


def print_many_devices(platform: str = "cuda", width: str = "512") -> None:
    """Prints what a step of 64 devices stores and sends, with both layouts of the state."""
    for mode in ("shard_map", "fsdp"):
        step = many_devices.compile_step(platform, mode, int(width))
        print(platform, mode, step, flush=True)


def print_passes() -> None:
    """Prints the passes of updates over a small and a large matrix, and kernels of many leaves."""
    optimizers = {
        "adam": optax.adam(1e-3),
        "nsgda": mm.nsgda(1e-3),
        "ada_nsgda": mm.ada_nsgda(1e-3),
    }
    for name, optimizer in optimizers.items():
        for side in (816, 2581):
            for dtype in ("float32", "bfloat16"):
                passes = updates.count_passes(optimizer, side, dtype)
                print(f"{name}, {side}x{side}, {dtype}: {passes:.1f}", flush=True)
        kernels = updates.count_update(optimizer, 2582, pairs=15).kernels
        print(f"{name}, 15 matrices of 2582x2582 and 15 vectors: {kernels} kernels", flush=True)


def print_trainer() -> None:
    """Prints the counts of a bare step and of the trainer's step, both in a loop."""
    for name in steps.NETWORKS:
        print(name, "bare step", steps.count_step(name, loop=True), flush=True)
        print(name, "trainer", trainer.count_trainer(name), flush=True)


def print_grouped() -> None:
    """Prints the counts of both forms of a grouped convolution with its derivatives."""
    for dtype in ("float32", "bfloat16"):
        for form in grouped.FORMS:
            print(dtype, form, grouped.count_grouped(form, dtype), flush=True)


if __name__ == "__main__":
    main()
