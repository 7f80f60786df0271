"""The commands of `minmax-jax`, one file each.

A command is a frozen dataclass of its arguments (its docstrings are the help) and a
function `run(arguments)` that returns the exit code, None for 0. A new one is a file here
and a row in `COMMANDS`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from minmax_jax.gan.cli import compare, evaluate, presets, sample, sweep, train


class Command(NamedTuple):
    """One command.

    Attributes:
      arguments: dataclass of its arguments.
      run: does it; returns the exit code, None for 0.
      defaults: `defaults(argv)` returns the arguments to start from, where they depend on
        a flag (a preset, say); None: the dataclass's own.
    """

    arguments: type
    run: Callable[[Any], int | None]
    defaults: Callable[[Sequence[str]], Any] | None = None


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "train": Command(train.Train, train.run, train.defaults),
        "sample": Command(sample.Sample, sample.run),
        "evaluate": Command(evaluate.Evaluate, evaluate.run),
        "compare": Command(compare.Compare, compare.run),
        "sweep": Command(sweep.Sweep, sweep.run, sweep.defaults),
        "presets": Command(presets.Presets, presets.run),
    }
)
"""Name -> command, in the order of the help."""
