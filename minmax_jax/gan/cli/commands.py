"""The list of commands of `minmax-jax`, one file per command.

To add a command, write a file with a frozen dataclass of its arguments, whose docstrings are
the help, and a function `run(arguments)`. Then add a row to `COMMANDS`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from minmax_jax.gan.cli import (
    compare,
    convert_inception,
    evaluate,
    export,
    presets,
    sample,
    sweep,
    train,
)


class Command(NamedTuple):
    """A command of the command line.

    Attributes:
      arguments: Dataclass of the arguments.
      run: Function that runs the command.
      defaults: Function from the words of the command line to the default arguments, if the
        defaults depend on a flag such as `--preset`. Default: the dataclass's own defaults.
    """

    arguments: type
    run: Callable[[Any], None]
    defaults: Callable[[Sequence[str]], Any] | None = None


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "train": Command(train.Train, train.run, train.defaults),
        "sample": Command(sample.Sample, sample.run),
        "evaluate": Command(evaluate.Evaluate, evaluate.run),
        "export": Command(export.Export, export.run),
        "compare": Command(compare.Compare, compare.run),
        "sweep": Command(sweep.Sweep, sweep.run, sweep.defaults),
        "presets": Command(presets.Presets, presets.run),
        "convert-inception": Command(convert_inception.ConvertInception, convert_inception.run),
    }
)
"""Maps the name of each command to the command, in the order of the help."""
