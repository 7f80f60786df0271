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
      size: Number of elements of its results.
      group: Number of devices among which it communicates.
      whole: Number of elements of the array that is gathered, scattered or reduced. In a ring of
        n devices, each sends (n − 1) / n of it to gather or scatter, and twice that to reduce.
    """

    name: str
    size: int
    group: int = 1
    whole: int = 0


def collectives(text: str) -> list[Collective]:
    """Returns the collectives of an HLO text, in the order of the text."""
    names = "|".join(COLLECTIVES)
    pattern = rf"= ([^=\n]*(?:/\*index=\d+\*/[^=\n]*)*) ({names})(-start)?\(([^\n]*)"
    found = []
    for shapes, name, start, rest in re.findall(pattern, text):
        results = _without_operands(shapes)
        size, group = sum(map(_size, re.findall(r"\w+\[([\d,]*)\]", results))), _group_size(rest)
        has_operands = bool(start) and results == shapes
        found.append(Collective(name, size, group, _whole(name, size, group, has_operands)))
    return found


def _without_operands(shapes: str) -> str:
    """Removes the operands from the type of an asynchronous collective, `((operands), results)`."""
    depth = 0
    for place, character in enumerate(shapes if shapes.startswith("((") else ""):
        depth += (character == "(") - (character == ")")
        if place and depth == 1:
            return shapes[place + 1 :]
    return shapes


def _group_size(rest: str) -> int:
    """Returns the size of the first group of devices."""
    if found := re.search(r"replica_groups=\{\{([\d,]*)\}", rest):
        return len(found[1].split(","))
    if found := re.search(r"replica_groups=\[\d+,(\d+)\]", rest):
        return int(found[1])
    if found := re.search(r"replica_groups=mesh\[([^\]]*)\] \{([^}]*)\}", rest):
        sizes = dict(re.findall(r"('\w+')=(\d+)", found[1]))
        return math.prod(int(sizes[axis.strip()]) for axis in found[2].split(","))
    return 1


def _whole(name: str, size: int, group: int, has_operands: bool) -> int:
    """Returns the elements of the whole array of a collective."""
    if name not in ("all-gather", "reduce-scatter"):
        return size
    if has_operands:
        return size * group // (group + 1)
    return size * group if name == "reduce-scatter" else size


def _size(sides: str) -> int:
    return math.prod(int(side) for side in sides.split(",") if side)


def instructions(text: str, name: str) -> int:
    """Returns the number of instructions with this name; a start and its end count as one."""
    return len(re.findall(rf"= [^=]*?\b{name}(?:-start)?\(", text))
