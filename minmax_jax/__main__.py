"""Starts the command line `minmax-jax`, or says which extra it needs."""

import importlib
import platform
import sys
from collections.abc import Sequence
from importlib import metadata

import minmax_jax

REMEDY = "Install the extra: pip install 'minmax-jax[gan]'"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command of the GAN trainer and returns its exit code.

    Args:
      argv: The words after the program's name. Default: `sys.argv[1:]`.
    """
    if list(sys.argv[1:] if argv is None else argv) == ["--version"]:
        print(version())
        return 0
    try:
        command_line = importlib.import_module("minmax_jax.gan.cli.main")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("minmax_jax"):
            raise  # It is a bug.
        message = str(error) if REMEDY in str(error) else f"{error}. {REMEDY}"
        print(f"minmax-jax: {message}", file=sys.stderr, flush=True)
        return 2
    return command_line.main(argv)


def version() -> str:
    """Returns the versions of the library, of what it needs and of Python, on one line."""
    versions = [f"minmax-jax {minmax_jax.__version__}"]
    for name in ("jax", "optax", "flax"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return ", ".join([*versions, f"Python {platform.python_version()}"])


if __name__ == "__main__":
    raise SystemExit(main())
