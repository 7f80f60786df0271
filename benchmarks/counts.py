"""Counts FLOPs, bytes, memory and collectives of compiled programs."""

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax import lax

COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")


class Counts(NamedTuple):
    """Counts of one compiled program, on one device.

    Attributes:
      flops: Floating-point operations. The body of a loop counts once.
      bytes: Bytes read and written. Both branches of a conditional count.
      temporaries: Bytes of temporary memory.
      collectives: Number of collectives (all-reduce, …) between devices.
      transfers: Number of transfers to and from the host.
    """

    flops: float
    bytes: float
    temporaries: int
    collectives: int
    transfers: int


def compiled(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Returns `function` traced and compiled for `args`; `options` are those of `jax.jit`."""
    return jax.jit(lambda *args: function(*args), **options).lower(*args).compile()


@contextlib.contextmanager
def usual_branch() -> Iterator[None]:
    """Compiles programs inside it without the branches that handle overflow.

    On CPU, a norm first tries the plain sum of squares, as the first branch of a `lax.cond`.
    XLA counts both branches, although the second one hardly ever runs.
    """
    cond = lax.cond
    lax.cond = lambda predicate, first, second, *operands: first(*operands)
    try:
        # Functions under `jit` are traced again for another value of this option, and outside
        # for the old one. It changes matrix products only, and updates have none.
        with jax.default_matmul_precision("float32"):
            yield
    finally:
        lax.cond = cond


def count(program: Any) -> Counts:
    """Returns the counts of a compiled program."""
    cost, text = program.cost_analysis() or {}, program.as_text()
    return Counts(
        flops=cost.get("flops", float("nan")),
        bytes=cost.get("bytes accessed", float("nan")),
        temporaries=program.memory_analysis().temp_size_in_bytes,
        collectives=len(collectives(text)),
        transfers=sum(instructions(text, name) for name in ("infeed", "outfeed", "send", "recv")),
    )


class Collective(NamedTuple):
    """One collective instruction of a compiled program.

    Attributes:
      name: One of `COLLECTIVES`.
      size: Number of elements sent.
    """

    name: str
    size: int


def collectives(text: str) -> list[Collective]:
    """Returns the collectives of an HLO text, in the order of the text."""
    pattern = rf"= ([^=\n]*(?:/\*index=\d+\*/[^=\n]*)*) ({'|'.join(COLLECTIVES)})(?:-start)?\("
    return [
        Collective(name, sum(map(_size, re.findall(r"\w+\[([\d,]*)\]", shapes))))
        for shapes, name in re.findall(pattern, text)
    ]


def _size(sides: str) -> int:
    return math.prod(int(side) for side in sides.split(",") if side)


def instructions(text: str, name: str) -> int:
    """Returns the number of instructions with this name; a start and its end count as one."""
    return len(re.findall(rf"= [^=]*?\b{name}(?:-start)?\(", text))
