"""Hides messages that XLA's C++ code writes for its own developers."""

import logging
import os

import jax


def hide() -> None:
    """Hides warnings and errors of XLA's C++ code on standard error.

    They ask users to file a bug, for example after a slow compilation. Errors that matter become
    Python errors as well. `JAX_LOGGING_LEVEL=WARNING` or `TF_CPP_MIN_LOG_LEVEL=0` shows them.
    """
    # Importing JAX sets the second variable to 1 if it is not set.
    if "JAX_LOGGING_LEVEL" in os.environ or os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1") != "1":
        return
    jax.config.update("jax_logging_level", "CRITICAL")
    for name in ("jax", "jaxlib"):  # Warnings of the Python code stay.
        logging.getLogger(name).setLevel(logging.WARNING)
