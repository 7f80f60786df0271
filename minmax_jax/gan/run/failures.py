"""Describes errors of the operating system and of JAX in one line with a remedy."""

from typing import Any

import jax

from minmax_jax.gan.base.errors import ConfigError, exit_code
from minmax_jax.gan.run import files

_MEMORY = (
    "Set a smaller batch_size or width, more microbatches, or draw fewer samples; other programs "
    "may also use the memory."
)


def describe(error: Exception) -> Exception | None:
    """Returns an error with an exit code that stands for `error`, or None if it is a bug.

    The functions of the library describe the errors that they expect. This is for the others,
    such as a file that becomes unreadable while it is read.
    """
    if exit_code(error) is not None:
        return error
    if isinstance(error, OSError) and error.errno is not None:
        path = error.filename or "a file"
        return files.describe_error(error, str(path), "used")
    if isinstance(error, MemoryError):
        return ConfigError(f"there is not enough memory. {_MEMORY}")
    if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error):
        reason = str(error).partition("\n")[0]
        return ConfigError(f"there is not enough memory on the device ({reason:.160}). {_MEMORY}")
    if (missing := _missing_platform()) is not None:
        return missing
    return None


def _missing_platform() -> ConfigError | None:
    """Returns an error if JAX has none of the platforms that `JAX_PLATFORMS` asks for.

    The error of JAX is not examined: for `cuda` without its plugin, it is an assertion without a
    text.
    """
    settings: Any = jax.config  # Type checkers do not find its attributes.
    asked = settings.jax_platforms
    if not asked:
        return None
    try:
        jax.devices()
    except (RuntimeError, AssertionError):
        return ConfigError(
            f"JAX_PLATFORMS={asked}: JAX finds no such device. Install the build of JAX for it "
            "(docs/getting_started.md), or unset JAX_PLATFORMS."
        )
    return None
