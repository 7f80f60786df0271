"""The platform for which networks are traced.

Convolutions, channel sums and BatchNorm have one form for CPU and one for accelerators. The form
is chosen when a function is traced.
"""

import contextlib
import contextvars
from collections.abc import Iterator

import jax

_chosen: contextvars.ContextVar[str | None] = contextvars.ContextVar("platform", default=None)


def on_cpu() -> bool:
    """Returns whether the traced program will run on CPU."""
    return (_chosen.get() or _default()) == "cpu"


@contextlib.contextmanager
def tracing_for(platform: str) -> Iterator[None]:
    """Traces for another platform than the default device, for ahead-of-time compilation.

    `jax.jit` caches traces. Pass it a new function within this context.

    Args:
      platform: "cpu", or the name of an accelerator such as "gpu".
    """
    token = _chosen.set(platform)
    try:
        yield
    finally:
        _chosen.reset(token)


def _default() -> str:
    device = jax.config.jax_default_device  # A device, the name of a platform, or None.
    if device is None:
        return jax.default_backend()
    return device if isinstance(device, str) else device.platform
