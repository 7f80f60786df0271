"""Parses the arguments of `minmax-jax`, runs the command and reports errors."""

import functools
import operator
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from minmax_jax.gan.base import program_cache
from minmax_jax.gan.base.errors import EXIT_CODES, WriteFailed, check_name, exit_code
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.cli import streams, xla_messages
from minmax_jax.gan.cli.commands import COMMANDS
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.run import failures


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code, which is 0 or one of `EXIT_CODES`.

    Args:
      argv: The words after the program's name. Default: `sys.argv[1:]`.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        with streams.robust_streams():
            return _run(argv)
    except WriteFailed as error:  # Standard output cannot be written.
        _report(error)
        return error.exit_code


def _run(argv: Sequence[str]) -> int:
    """Runs a command inside of `robust_streams`."""
    try:
        xla_messages.hide()
        arguments = parse(argv)
        program_cache.turn_on()
        run = next(c.run for c in COMMANDS.values() if c.arguments is type(arguments))
        with interrupts.SecondInterrupt():
            run(arguments)
    except KeyboardInterrupt as error:
        _report(interrupts.message(error), before="\n")
        return EXIT_CODES[KeyboardInterrupt]
    except Exception as error:
        described = failures.describe(error)
        code = exit_code(described) if described else None
        if described is None or code is None:
            raise  # It is a bug.
        _report(described)
        return code
    return 0


def _report(error: object, before: str = "") -> None:
    print(f"{before}minmax-jax: {printable(str(error))}", file=sys.stderr, flush=True)


def parse(argv: Sequence[str]) -> Any:
    """Parses the command line into the arguments of one command."""
    if argv and not argv[0].startswith("-"):
        check_name("command", argv[0], COMMANDS)
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
