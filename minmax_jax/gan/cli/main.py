"""Parses the arguments of `minmax-jax`, runs the command and reports errors."""

import functools
import operator
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, DataError, Stopped, exit_code
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.cli import program_cache
from minmax_jax.gan.cli.commands import COMMANDS
from minmax_jax.gan.multihost import interrupts


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code, which is 0 or one of `EXIT_CODES`.

    Args:
      argv: The words after the program's name. Default: `sys.argv[1:]`.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        arguments = parse(argv)
        program_cache.turn_on()
        run = next(c.run for c in COMMANDS.values() if c.arguments is type(arguments))
        with interrupts.SecondInterrupt():
            run(arguments)
    except (ConfigError, DataError, Stopped) as error:
        print(f"minmax-jax: {error}", file=sys.stderr)
        return exit_code(error) or 1
    except KeyboardInterrupt as error:
        print(f"\nminmax-jax: {printable(interrupts.message(error))}", file=sys.stderr)
        return EXIT_CODES[KeyboardInterrupt]
    return 0


def parse(argv: Sequence[str]) -> Any:
    """Parses the command line into the arguments of one command."""
    commands: list[Any] = []
    for name, command in COMMANDS.items():
        options: dict[str, Any] = {}
        if list(argv[:1]) != [name]:  # The list of commands shows the first line only.
            options["description"] = (command.arguments.__doc__ or "").partition("\n")[0]
        elif command.defaults:
            options["default"] = command.defaults(argv)
        commands.append(Annotated[command.arguments, tyro.conf.subcommand(name, **options)])
    union: Any = functools.reduce(operator.or_, commands)
    return tyro.cli(
        tyro.conf.OmitArgPrefixes[union],
        args=list(argv),
        prog="minmax-jax",
        description="Train GANs with min-max optimizers; sample from them, compare and tune them.",
    )


if __name__ == "__main__":
    raise SystemExit(main())
