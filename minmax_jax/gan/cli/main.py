"""The command line `minmax-jax`: finds the command, turns errors into one line and a code."""

import functools
import operator
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import tyro

from minmax_jax.gan.base.errors import ConfigError, DataError, Stopped
from minmax_jax.gan.cli import program_cache
from minmax_jax.gan.cli.commands import COMMANDS


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its code; of errors as in `errors`, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        arguments = parse(argv)
        program_cache.turn_on()
        code = next(c.run for c in COMMANDS.values() if c.arguments is type(arguments))(arguments)
    except (ConfigError, DataError) as error:
        print(f"minmax-jax: {error}", file=sys.stderr)
        return 2
    except Stopped as error:
        print(f"minmax-jax: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nminmax-jax: stopped; the same command resumes the run", file=sys.stderr)
        return 130
    return code or 0


def parse(argv: Sequence[str]) -> Any:
    """Reads the command line into the arguments of one command."""
    kinds: list[Any] = []
    for name, command in COMMANDS.items():
        chosen = command.defaults if list(argv[:1]) == [name] else None
        default = {"default": chosen(argv)} if chosen else {}
        kinds.append(Annotated[command.arguments, tyro.conf.subcommand(name, **default)])
    either: Any = functools.reduce(operator.or_, kinds)
    return tyro.cli(
        tyro.conf.OmitArgPrefixes[either],
        args=list(argv),
        prog="minmax-jax",
        description="Train GANs with min-max optimizers; sample from them, compare and tune them.",
    )


if __name__ == "__main__":
    raise SystemExit(main())
