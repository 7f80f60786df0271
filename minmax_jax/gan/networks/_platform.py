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
    # A device, the name of a platform, or None. JAX's types do not list its options.
    device = getattr(jax.config, "jax_default_device")  # noqa: B009
    if device is None:
        return jax.default_backend()
    return device if isinstance(device, str) else device.platform


def product_precision() -> str | None:
    """Returns the precision of float32 products that is now in force, or None for the default.

    JAX may trace the derivative rule of a function outside of the context in which the function
    was called, so such a function takes the precision as an argument.
    """
    return getattr(jax.config, "jax_default_matmul_precision")  # noqa: B009
