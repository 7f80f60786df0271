"""Counts what a compiled GPU program launches, from its text."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

KINDS = ("convForward", "convBackwardInput", "convBackwardFilter")
"""Kinds of cuDNN's convolutions: forward, gradient by the inputs, gradient by the kernel."""

_NO_KERNEL = frozenset({"parameter", "get-tuple-element", "tuple", "bitcast", "constant"})
_BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "u16": 2, "s16": 2, "f64": 8, "u64": 8}
_INSTRUCTION = re.compile(r"^  (?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)$")
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) \(.*\{$")
_ARRAY = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\]")

MANY_ROWS, FEW_COLUMNS = 512, 2048
"""XLA sums columns in one thread block per 32 columns. With at least that many rows and at most
that many columns, the blocks are long and fill less than half of the device."""


class Instruction(NamedTuple):
    """One instruction of a program: its name, the text of its type, operation and operands."""

    name: str
    type: str
    operation: str
    rest: str


class Counts(NamedTuple):
    """What one call of a program launches.

    Attributes:
      kernels: Number of kernels and library calls.
      convolutions: Number of convolutions of each of `KINDS`.
      reversed_windows: Convolutions with a reversed window. cuDNN computes the gradient by a
        kernel in this form on a few thread blocks.
      zero_stuffed: Forward convolutions of an array with zeros between its elements.
      direct_sums: Sums of few and long columns in one stage.
      direct_sums_with_arrays: Kernels with such a sum that also write whole arrays.
      megabytes: Sizes of the operands and results of all kernels, in 10⁶ bytes.
      gigaflops: Multiplications and additions of the convolutions, in 10⁹.
    """

    kernels: int
    convolutions: dict[str, int]
    reversed_windows: int
    zero_stuffed: int
    direct_sums: int
    direct_sums_with_arrays: int
    megabytes: float
    gigaflops: float


def count(text: str, *, loop: bool = False) -> Counts:
    """Counts the instructions of a program's entry computation, or of one turn of its longest loop.

    Args:
      text: Text of the compiled program.
      loop: Whether to count a loop.
    """
    computations = dict(_computations(text))
    entry = computations["ENTRY"]
    if loop:
        bodies = re.findall(r"\bbody=%?([\w.-]+)", text)
        entry = max((computations[name] for name in bodies), key=len)
    types = {one.name: one.type for one in entry}
    launched = [one for one in entry if one.operation not in _NO_KERNEL]
    calls = [one for one in launched if "__cudnn$conv" in one.rest]
    sums = [_direct_sums(one, computations) for one in launched]
    return Counts(
        kernels=len(launched),
        convolutions=dict(Counter(_kind(one) for one in calls)),
        reversed_windows=sum("rhs_reversal" in one.rest for one in calls),
        zero_stuffed=sum(_stuffs_zeros(one, computations) for one in launched),
        direct_sums=sum(sums),
        direct_sums_with_arrays=sum(
            bool(found) and _largest(one.type) > 4096
            for found, one in zip(sums, launched, strict=True)
        ),
        megabytes=sum(_moved(one, types) for one in launched) / 1e6,
        gigaflops=sum(_flops(one, types) for one in calls) / 1e9,
    )


def _computations(text: str) -> Iterator[tuple[str, list[Instruction]]]:
    name, found = "", []
    for line in text.splitlines():
        if start := _COMPUTATION.match(line):
            name, found = "ENTRY" if start[1] else start[2], []
        elif line == "}":
            yield name, found
        elif match := _INSTRUCTION.match(line):
            found.append(Instruction(*match.groups()))


def _arrays(type_text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Returns dtype and shape of each array in a type."""
    found = _ARRAY.findall(type_text)
    return [(dtype, tuple(map(int, filter(None, shape.split(","))))) for dtype, shape in found]


def _largest(type_text: str) -> int:
    return max((math.prod(shape) for _, shape in _arrays(type_text)), default=0)


def _size(type_text: str) -> int:
    return sum(_BYTES.get(dtype, 4) * math.prod(shape) for dtype, shape in _arrays(type_text))


def _operands(one: Instruction) -> list[str]:
    return re.findall(r"%([\w.-]+)", one.rest.split(")")[0])


def _moved(one: Instruction, types: dict[str, str]) -> int:
    return _size(one.type) + sum(_size(types.get(name, "")) for name in _operands(one))


def _kind(one: Instruction) -> str:
    kind = re.search(r"__cudnn\$(\w+)", one.rest)
    name = kind[1] if kind else "unknown"
    return "convForward" if name == "convBiasActivationForward" else name


def _inside(one: Instruction, computations: dict[str, list[Instruction]]) -> list[Instruction]:
    """Returns the operations of a fusion, or the instruction itself."""
    called = re.search(r"calls=%?([\w.-]+)", one.rest)
    return computations.get(called[1], []) if called else [one]


def _stuffs_zeros(one: Instruction, computations: dict[str, list[Instruction]]) -> bool:
    """Returns whether a kernel pads between elements, for example `padding=0_0x2_2_1`."""
    pads = [each.rest for each in _inside(one, computations) if each.operation == "pad"]
    return any(re.search(r"padding=\S*?\d+_\d+_[1-9]", rest) for rest in pads)


def _direct_sums(one: Instruction, computations: dict[str, list[Instruction]]) -> int:
    inner = _inside(one, computations)
    types = {each.name: each.type for each in inner}
    number = 0
    for each in inner:
        if each.operation == "reduce" and len(_operands(each)) == 2:
            operand = _arrays(types[_operands(each)[0]])[0][1]
            axes = re.search(r"dimensions=\{([\d,]*)\}", each.rest)
            by_rows = axes is not None and str(len(operand) - 1) in axes[1].split(",")
            columns = _largest(each.type)
            rows = math.prod(operand) // max(columns, 1)
            number += not by_rows and rows >= MANY_ROWS and columns <= FEW_COLUMNS
    return number


def _flops(one: Instruction, types: dict[str, str]) -> int:
    """Returns the multiplications and additions of a convolution.

    Any kind pairs each element of the larger images with the elements of a kernel window; the
    product of the sizes of all three arrays, divided by the batch and channels that two of them
    share, gives the same number for all kinds.
    """
    shapes = [shape for _, shape in _arrays(one.type)[:1]]
    shapes += [_arrays(types[name])[0][1] for name in _operands(one)[:2]]
    return _pairs(_kind(one), shapes)


def _pairs(kind: str, shapes: list[tuple[int, ...]]) -> int:
    out, left, right = shapes
    images, kernel = {
        "convForward": (out, right),
        "convBackwardInput": (left, right),
        "convBackwardFilter": (right, out),
    }.get(kind, (out, right))
    # Both layouts put the batch first; a kernel's size counts inputs and outputs once each.
    return 2 * math.prod(kernel) * math.prod(images) // _channels(images, kernel)


def _channels(images: tuple[int, ...], kernel: tuple[int, ...]) -> int:
    return max(set(images) & set(kernel) or {1})
