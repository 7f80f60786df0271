"""What a compiled program does, counted: the figures that noise cannot move."""

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

from minmax_jax._util import norms
from minmax_jax.optimizers._shared import adam

COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")


class Counts(NamedTuple):
    """Counts of one compiled program, on one device.

    Attributes:
      flops: floating point operations, the body of a loop once.
      bytes: bytes read and written by its fusions; of a branch, both sides.
      temporaries: bytes of scratch memory.
      collectives: messages between devices.
      transfers: sends to and receipts from the host.
    """

    flops: float
    bytes: float
    temporaries: int
    collectives: int
    transfers: int


def compiled(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Returns `function` compiled for `args`, traced anew; `options` as of `jax.jit`."""
    return jax.jit(lambda *args: function(*args), **options).lower(*args).compile()


@contextlib.contextmanager
def usual_branch() -> Iterator[None]:
    """Within it, programs are compiled without the branch for what over- or underflows.

    XLA counts both sides of a branch, and on a CPU this one of the norms is hardly ever taken.
    """
    kept, traced = norms._is_safe, (norms._leaf_norm, adam._norms_of_ratios)
    norms._is_safe = lambda square: np.True_
    try:
        for function in traced:
            function.clear_cache()
        yield
    finally:
        norms._is_safe = kept
        for function in traced:
            function.clear_cache()


def count(program: Any) -> Counts:
    """Returns the counts of a compiled program."""
    cost, text = program.cost_analysis() or {}, program.as_text()
    return Counts(
        flops=cost.get("flops", float("nan")),
        bytes=cost.get("bytes accessed", float("nan")),
        temporaries=program.memory_analysis().temp_size_in_bytes,
        collectives=len(messages(text)),
        transfers=sum(instructions(text, name) for name in ("infeed", "outfeed", "send", "recv")),
    )


class Message(NamedTuple):
    """What one instruction sends between devices.

    Attributes:
      name: one of `COLLECTIVES`.
      size: how many numbers.
    """

    name: str
    size: int


def messages(text: str) -> list[Message]:
    """Returns the messages between devices of an HLO text, in its order."""
    pattern = rf"= ([^=\n]*(?:/\*index=\d+\*/[^=\n]*)*) ({'|'.join(COLLECTIVES)})(?:-start)?\("
    return [
        Message(name, sum(map(_size, re.findall(r"\w+\[([\d,]*)\]", shapes))))
        for shapes, name in re.findall(pattern, text)
    ]


def _size(sides: str) -> int:
    return math.prod(int(side) for side in sides.split(",") if side)


def instructions(text: str, name: str) -> int:
    """Returns how many instructions of that name an HLO text has; a start and its end are one."""
    return len(re.findall(rf"= [^=]*?\b{name}(?:-start)?\(", text))
